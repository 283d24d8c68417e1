"use strict";
// Charts: what is under the pointer, or has the focus, is written below its chart.
document.querySelectorAll("figure").forEach(figure => {
  const told = figure.querySelector("output.told");
  if (!told) return;
  const before = told.textContent;
  const tell = event => {
    const place = event.target.closest("[data-say]");
    if (place) told.textContent = place.dataset.say;
  };
  figure.addEventListener("pointerover", tell);
  figure.addEventListener("pointerleave", () => { told.textContent = before; });
});
// Classes of the map: a class is pressed to show it alone.
document.querySelectorAll("[data-class]").forEach(button => button.addEventListener("click", () => {
  const pressed = button.getAttribute("aria-pressed") !== "true";
  document.querySelectorAll("[data-class]").forEach(other => other.setAttribute("aria-pressed", "false"));
  button.setAttribute("aria-pressed", String(pressed));
  document.querySelectorAll("#map [data-of]").forEach(points => {
    points.classList.toggle("faint", pressed && points.dataset.of !== button.dataset.class);
  });
}));
