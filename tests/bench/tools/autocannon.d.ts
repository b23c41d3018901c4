/** What the bench uses of autocannon, which brings no types. */
declare module 'autocannon' {
  export default function autocannon(options: {
    readonly url: string;
    readonly connections: number;
    readonly duration: number;
  }): Promise<{
    readonly requests: { readonly average: number };
    readonly errors: number;
    readonly non2xx: number;
  }>;
}
