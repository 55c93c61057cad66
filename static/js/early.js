// Runs before the first paint (a plain script in <head>): says that scripts run, and applies what this browser was told to look like.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  try {
    for (const name of ["theme", "density"]) {
      const value = localStorage.getItem(name);
      if (value) root.dataset[name] = value;
    }
  } catch {
    // A browser that refuses storage gets the system's theme.
  }
})();
