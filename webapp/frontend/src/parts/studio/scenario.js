// Scenarios as text: YAML, a line each step.
export async function open({ canvas, content, isOpen, onChange }) {
  const text = document.createElement("textarea");
  text.className = "scenario-text";
  text.value = content;
  text.readOnly = !isOpen;
  text.spellcheck = false;
  text.setAttribute("aria-label", "Scenario in YAML");
  text.addEventListener("input", onChange);
  canvas.append(text);
  return { content: async () => text.value };
}
