// The API's explorer. Nothing is asked of another host, and no token is kept: a reload forgets it.
(() => {
  const place = document.getElementById("explorer");
  SwaggerUIBundle({
    domNode: place,
    url: place.dataset.schema,
    oauth2RedirectUrl: place.dataset.redirect && new URL(place.dataset.redirect, location.href).href,
    presets: [SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
    deepLinking: true,
    docExpansion: "none",
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    filter: true,
    persistAuthorization: false,
    requestSnippetsEnabled: false,
    showCommonExtensions: true,
    tryItOutEnabled: true,
    validatorUrl: null,
  }).initOAuth({ usePkceWithAuthorizationCodeGrant: true, scopes: "" });
})();
