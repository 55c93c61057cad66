// Before the first paint: Swagger UI has a dark look of its own, which a class turns on.
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const look = () => root.classList.toggle("dark-mode", (root.dataset.theme || (dark.matches ? "dark" : "light")) === "dark");
  dark.addEventListener("change", look);
  look();
})();
