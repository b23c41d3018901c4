/** Why Jenkins refuses a node's name, as its HTML page says it; null when it takes it. */
export function nameFault(name: string): string | null {
  if (name === '.' || name === '..') return `‘${name}’ is not an allowed name`;
  const control = [...name].find((character) => character.charCodeAt(0) < 0x20);
  if (control !== undefined) {
    const shown = [...name]
      .map((c) => (c.charCodeAt(0) < 0x20 ? `\\u${c.charCodeAt(0)};` : c))
      .join('');
    return `No control code is allowed: ${shown}`;
  }
  const unsafe = [...name].find((character) => '?*/\\%!@#$^&|<>[]:;'.includes(character));
  if (unsafe !== undefined) return `‘${unsafe}’ is an unsafe character`;
  if (name.endsWith('.')) return 'A name cannot end with ‘.’';
  return null;
}

/** As header values carry it: Latin-1, what does not fit as a blank. */
export function headerText(text: string): string {
  return text.replace(/[^\u0020-\u00ff]/g, ' ');
}
