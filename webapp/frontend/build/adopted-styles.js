// The editors style by scripts what our content security policy lets nobody write into a page: sheets are adopted,
// and the pictures in their menus get attributes in place of styles.
const ASKED = "!root.head && root.adoptedStyleSheets";
const SHEETS = /[\\/]style-mod[\\/](src|dist)[\\/]/;
const PICTURES = /[\\/]bpmn-js[\\/]lib[\\/]features[\\/](align|distribute)-elements[\\/]\w+Icons\.js$/;
const STYLE = /\sstyle="([^"]*)"/g;

export function adoptedStyles() {
  const wanted = new Set(["style-mod", "bpmn-js"]);
  return {
    name: "obieg-adopted-styles",
    apply: "build",
    transform(code, id) {
      if (SHEETS.test(id)) {
        if (!code.includes(ASKED)) this.error(`${id} does not choose how to add styles by "${ASKED}" any more.`);
        wanted.delete("style-mod");
        return { code: code.replace(ASKED, "root.adoptedStyleSheets"), map: null };
      }
      if (!PICTURES.test(id)) return null;
      wanted.delete("bpmn-js");
      return { code: code.replace(STYLE, (_, style) => attributes(style)), map: null };
    },
    buildEnd(error) {
      if (!error && wanted.size) this.error(`Nothing of ${[...wanted].join(", ")} was found; take it out of this plugin.`);
    },
  };
}

function attributes(style) {
  const pairs = style.split(";").filter(Boolean).map((each) => each.split(":"));
  return pairs.map(([name, value]) => ` ${name.trim()}="${value.trim()}"`).join("");
}
