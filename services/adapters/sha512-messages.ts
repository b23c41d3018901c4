/** What the digest thread is told; sizes in bytes from the start of the file. */
export type ToSha512Worker =
  | { readonly kind: 'open'; readonly id: number; readonly path: string }
  | { readonly kind: 'advance'; readonly id: number; readonly size: number }
  | { readonly kind: 'finish'; readonly id: number; readonly size: number }
  | { readonly kind: 'drop'; readonly id: number };

/** What it answers, once for each file. */
export type FromSha512Worker =
  | { readonly id: number; readonly digest: string }
  | { readonly id: number; readonly failure: string };
