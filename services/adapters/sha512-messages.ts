/** What the digest thread has to do, in this order; sizes in bytes from the start of the file. */
export type Sha512Task =
  | { readonly kind: 'open'; readonly id: number; readonly path: string }
  | { readonly kind: 'advance'; readonly id: number; readonly size: number }
  | { readonly kind: 'finish'; readonly id: number; readonly size: number }
  | { readonly kind: 'drop'; readonly id: number };

/** What it is told; somebody who waits is told of at once, tasks when it comes to them. */
export type ToSha512Worker = Sha512Task | { readonly kind: 'hurry'; readonly isWaitedFor: boolean };

/** What it answers, once for each file. */
export type FromSha512Worker =
  | { readonly id: number; readonly digest: string }
  | { readonly id: number; readonly failure: string };
