/** What we use of the npm package `jenkins` 1.1.0, which brings no types of its own. */
declare module 'jenkins' {
  import type { Agent } from 'node:http';

  export default class Jenkins {
    constructor(options: {
      /** Without a slash at its end, and without credentials: they would go out as Referer. */
      readonly baseUrl: string;
      readonly crumbIssuer: false;
      readonly headers: Readonly<Record<string, string>>;
      readonly timeout: number;
      readonly agent: Agent;
    });
    /** Tags `papi` and `response` come with status and headers of each answer. */
    on(event: 'log', listener: (tags: readonly string[], data: unknown) => void): this;
    readonly node: {
      list(options: { readonly full: true; readonly tree: string }): Promise<unknown>;
      create(options: object): Promise<void>;
      destroy(name: string): Promise<void>;
      get(options: { readonly name: string; readonly tree: string }): Promise<unknown>;
      toggleOffline(name: string, message: string): Promise<void>;
      changeOfflineCause(name: string, message: string): Promise<void>;
    };
    readonly job: {
      build(options: {
        readonly name: string;
        readonly parameters?: Readonly<Record<string, string>>;
        readonly delay: string;
      }): Promise<number>;
    };
  }
}
