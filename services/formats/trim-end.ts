/**
 * A text without the given characters at its end. A pattern such as `/ +$/` takes the square of the
 * time for blanks in the middle, and an uploader may send megabytes of them.
 */
export function trimEndOf(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}
