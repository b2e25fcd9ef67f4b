// Remembers which upload belongs to which file, so that choosing the same file again goes on where it broke off.
const KEY = "obieg.uploads";
const MOST = 50;

/** Tells a file of a zone from others; its content is not looked at. */
export function markOf(place, file) {
  return [place, file.name, file.size, file.lastModified].join("|");
}

export function remember(place, file, address) {
  const kept = all().filter(({ mark }) => mark !== markOf(place, file));
  kept.push({ mark: markOf(place, file), place, name: file.name, size: file.size, address });
  save(kept.slice(-MOST));
}

export function forget(address) {
  save(all().filter((each) => each.address !== address));
}

/** The address of the upload that this file began, if any. */
export function known(place, file) {
  return all().find(({ mark }) => mark === markOf(place, file))?.address ?? null;
}

/** What began in this place and was not finished: `{name, size, address}`. */
export function brokenOff(place) {
  return all().filter((each) => each.place === place);
}

function all() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? [];
  } catch {
    return [];
  }
}

function save(entries) {
  try {
    if (entries.length > 0) localStorage.setItem(KEY, JSON.stringify(entries));
    else localStorage.removeItem(KEY);
  } catch {
    // a browser that keeps nothing starts each file from its beginning
  }
}
