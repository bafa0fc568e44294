"use strict";
(() => {
  const element = (id) => document.getElementById(id);
  const data = (id) => JSON.parse(element(id).textContent);
  const commands = data("commands");

  // The commands that show a star: from a point that is clicked, a key in a table, or the address.
  const show = (key) => {
    element("star-key").textContent = key;
    element("star-plot").value = commands.plot + key;
    element("star-sql").value = commands.sql + key;
    element("star-link").href = "#spectrum-" + key;
    element("star-said").textContent = "";
    element("star").hidden = false;
  };
  let before = null;
  const close = () => {
    element("star").hidden = true;
    if (before) before.focus();
  };
  const ofAddress = () => {
    const found = /^#spectrum-(\d+)$/.exec(location.hash);
    if (found) show(found[1]);
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.spectrum) {
      before = button;
      show(button.dataset.spectrum);
      element("star-plot").focus();
    } else if (button.dataset.copies) {
      copy(element(button.dataset.copies));
    } else if (button.id === "star-close") {
      close();
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !element("star").hidden) close();
  });
  window.addEventListener("hashchange", ofAddress);

  const copy = (input) => {
    const say = (text) => { element("star-said").textContent = text; };
    input.select();
    const byHand = () => say("selected: copy it with the keyboard");
    if (!navigator.clipboard) byHand();
    else navigator.clipboard.writeText(input.value).then(() => say("copied"), byHand);
  };

  // Colours of maps are logarithms of what is said when they are hovered.
  const logarithm = (value) => (value > 0 ? Math.log10(value) : null);
  const complete = (trace) => {
    if (trace.z === "log10(customdata)") {
      trace.z = trace.customdata.map((row) => row.map(logarithm));
    }
    return trace;
  };
  const options = { responsive: true, displaylogo: false,
    modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"] };
  const drawn = Object.entries(data("figures")).map(([name, figure]) => {
    const place = element("figure-" + name);
    return Plotly.newPlot(place, figure.data.map(complete), figure.layout, options).then(() => {
      place.on("plotly_click", (event) => {
        const point = event.points.find((p) => p.data.meta === "stars");
        if (point) show(String(point.customdata[0]));
      });
    });
  });
  ofAddress();
  Promise.all(drawn).then(() => { document.documentElement.dataset.drawn = drawn.length; });
})();
