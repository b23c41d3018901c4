/** Somebody needs an agent with this label now: posted by `onAgent` before its `node` block. */
export interface Demand {
  readonly id: string;
  /** A Jenkins label expression. */
  readonly label: string;
  /** Path of the build below Jenkins' root, `job/a/1/`; null when nobody said. */
  readonly build: string | null;
  /** Tells blocks of one build apart; together with the build it names the demand. */
  readonly block: string;
  /** Name of a template that is preferred where it matches; null for none. */
  readonly hint: string | null;
  /** RFC 3339 UTC. */
  readonly created: string;
  readonly expires: string;
}
