/** What the sentence tells that Jenkins gives as the reason why an item waits. */
export type Why =
  /** The item wants an executor with this label. */
  | { readonly kind: 'label'; readonly label: string }
  /** It wants this node; Jenkins says so too when a label has this one node. */
  | { readonly kind: 'node'; readonly node: string }
  /** A label with several nodes, or the one node of a label: only a look at the nodes can tell. */
  | { readonly kind: 'label-or-node'; readonly name: string }
  /** It wants any executor, or no node is defined at all. */
  | { readonly kind: 'any' }
  /** It is in its quiet period, blocked by another build, or Jenkins is about to shut down. */
  | { readonly kind: 'not-yet' }
  /** Nothing that can be read: another language, a plugin's text. */
  | { readonly kind: 'unknown' };

const ANY = 'Waiting for next available executor';

/** Older versions leave the quotes away; what stands inside has no blanks then but in quoted labels. */
const NAME = '(?:‘(.+)’|([^‘’]+))';
const NO_NODES = new RegExp(`^There are no nodes with the label ${NAME}$`);
const ALL_OFFLINE = new RegExp(`^All nodes of label ${NAME} are offline$`);
const WAITING_ON = new RegExp(`^${ANY} on ${NAME}$`);
/** Node names have no ";": with one, these are the reasons of several nodes. */
const OFFLINE = /^(?:‘([^;]+)’|([^‘’;]+)) is offline$/;
const LACKS_LABEL = / doesn[’']t have label (?:‘([^’]*)’|([^‘’;]+))(?=; |$)/g;
const NOT_YET =
  /^(?:In the quiet period\b|Finished waiting$|Build #\d+ is already in progress\b|A build is already in progress$|Blocked by\b|Jenkins is about to shut down$)/;

/**
 * Reads a queue item's `why` (English; reference: hudson.model.queue.CauseOfBlockage and
 * Messages.properties of core, every form seen on 2.462). Never guesses: what it does not know is unknown.
 */
export function readWhy(why: string | null): Why {
  if (why === null) return { kind: 'unknown' };
  if (NOT_YET.test(why)) return { kind: 'not-yet' };
  if (why === ANY) return { kind: 'any' };
  const label = named(NO_NODES, why) ?? named(ALL_OFFLINE, why);
  if (label !== null) return { kind: 'label', label };
  const name = named(WAITING_ON, why);
  if (name !== null) return { kind: 'label-or-node', name };
  const node = named(OFFLINE, why);
  if (node !== null) return { kind: 'node', node };
  return labelOfReasons(why);
}

function named(form: RegExp, why: string): string | null {
  const found = form.exec(why);
  return found?.[1] ?? found?.[2] ?? null;
}

/** Reasons of every node, joined by "; " and cut after five in newer versions: those that name a label agree. */
function labelOfReasons(why: string): Why {
  const labels = new Set([...why.matchAll(LACKS_LABEL)].map((found) => found[1] ?? found[2] ?? ''));
  const [label] = labels;
  if (label !== undefined && labels.size === 1) return { kind: 'label', label };
  if (
    labels.size === 0 &&
    / is reserved for jobs with matching label expression(?:; |$)/.test(why)
  ) {
    return { kind: 'any' };
  }
  return { kind: 'unknown' };
}
