// Starts the page: at once, or with the API key that its reader enters. Every file and request
// then carries the key, and no other server gets it.
"use strict";

(() => {
  const page = document.getElementById("swagger-ui");
  const { script, style, needsKey } = page.dataset;

  const load = (name, source, attributes) =>
    new Promise((resolve, reject) => {
      const element = document.createElement(name);
      element.onload = resolve;
      element.onerror = () => reject(new Error(`${source} cannot be loaded`));
      Object.assign(element, attributes);
      document.head.append(element);
    });

  const addressOf = async (source, key) => {
    if (!key) return source;
    const answer = await fetch(source, { headers: { "x-api-key": key } });
    if (!answer.ok) throw new Error(answer.status === 401 ? "This key is wrong." : `Error ${answer.status}`);
    return URL.createObjectURL(await answer.blob());
  };

  const start = async (key) => {
    await load("link", style, { rel: "stylesheet", href: await addressOf(style, key) });
    await load("script", script, { src: await addressOf(script, key) });
    const withKey = (request) => {
      if (key && new URL(request.url, location.href).origin === location.origin)
        request.headers["x-api-key"] ??= key;
      return request;
    };
    window.ui = SwaggerUIBundle({
      url: "openapi.json",
      dom_id: "#swagger-ui",
      deepLinking: true,
      filter: true,
      validatorUrl: null,
      requestInterceptor: withKey,
    });
  };

  const askForKey = (message) => {
    page.textContent = "";
    const form = document.createElement("form");
    const key = document.createElement("input");
    const button = document.createElement("button");
    Object.assign(key, { type: "password", placeholder: "API key", required: true });
    button.textContent = "Show the API";
    form.onsubmit = (event) => {
      event.preventDefault();
      start(key.value).catch((error) => askForKey(error.message));
    };
    form.append(key, button, message);
    page.append(form);
  };

  if (needsKey === "true") askForKey("");
  else start("").catch((error) => (page.textContent = error.message));
})();
