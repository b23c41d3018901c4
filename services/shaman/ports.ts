import type { Build } from '../domain/build.ts';
import type { Commit } from '../domain/commit.ts';
import type { Moment, ShamanRepo } from '../domain/shaman-repo.ts';
import type { StorageNode } from '../domain/storage-node.ts';
import type { WebhookEvent, WebhookRule } from '../domain/webhook.ts';

export type { Clock } from '../domain/clock.ts';
export type { Log } from '../domain/log.ts';
/** Which records are asked for; each part narrows, and has an index behind it. */
export interface Where {
  readonly project?: string;
  readonly ref?: string;
  readonly sha1?: string;
}

/** A change of a repo record, told when it is durable. Deleted: `after.status` is `deleted`. */
export interface RepoRecordChange {
  readonly before: ShamanRepo | undefined;
  /** Undefined when retention has removed the record. */
  readonly after: ShamanRepo | undefined;
}

/**
 * What shaman knows of repos. Reads answer from memory at once; only what must survive is awaited.
 * Objects that are handed out never change.
 */
export interface RepoRecords {
  /** The record, or its tombstone (status `deleted`) while it is remembered. */
  get(chacraUrl: string): ShamanRepo | undefined;
  /** Newest modified first, without tombstones. */
  find(where: Where): readonly ShamanRepo[];
  /** Every record and every tombstone, in no order. */
  all(): Iterable<ShamanRepo>;
  /**
   * Decides on the current record (or tombstone) and changes it in the same tick, so that two callers
   * never decide on the same state; resolves when the change is durable. The decision answers the new
   * record, whose `modified` is the moment it was given, or null for no change, which resolves when
   * what it was decided on is durable. A write that fails rejects, and the state is again what the
   * disk holds.
   */
  change(
    chacraUrl: string,
    decide: (record: ShamanRepo | undefined, moment: Moment) => ShamanRepo | null,
  ): Promise<ShamanRepo | undefined>;
  /** Forgets a record or tombstone, durably, if it is still the one that was meant. */
  forget(record: ShamanRepo): Promise<void>;
  /** Calls after each durable change, in their order. */
  watch(listener: (change: RepoRecordChange) => void): void;
}

/** What happens to the builds of one sha1 in one durable step. */
export interface BuildsChange {
  readonly put?: readonly Build[];
  /** Keys of builds. */
  readonly remove?: readonly string[];
}

/** A change of a build record, told when it is durable. */
export interface BuildRecordChange {
  readonly before: Build | undefined;
  /** Undefined when another record took it over, or retention has removed it. */
  readonly after: Build | undefined;
}

/** What Jenkins has reported of its builds. */
export interface BuildRecords {
  /** Newest modified first. */
  find(where: Where): readonly Build[];
  /** Every record, in no order. */
  all(): Iterable<Build>;
  /**
   * Decides on all builds of a sha1 (by `buildKey`), as `RepoRecords.change` does on a record; resolves
   * when it is durable. New and changed builds have the moment they were given in `modified`.
   */
  change(
    commit: { readonly project: string; readonly sha1: string },
    decide: (builds: ReadonlyMap<string, Build>, moment: Moment) => BuildsChange | null,
  ): Promise<void>;
  /** Calls after each durable change, in their order. */
  watch(listener: (change: BuildRecordChange) => void): void;
}

/** Repos and builds together, by what they are of. What is handed out is a live view of the moment. */
export interface Commits {
  get(project: string, sha1: string): Commit | undefined;
  /** The sha1s of a ref, the one first seen last at the beginning. */
  under(project: string, ref: string): Iterable<Commit>;
  /** Every project with anything on record, in no order. */
  projects(): Iterable<string>;
  /** The refs of a project, in no order; undefined for an unknown project. */
  refs(project: string): Iterable<string> | undefined;
  /** The order of the newest change that is durable or under way: what an event stream starts from. */
  readonly newest: number;
}

/** The storage nodes: few, and all in memory. */
export interface NodeRecords {
  get(host: string): StorageNode | undefined;
  /** In the order in which they were first registered. */
  all(): readonly StorageNode[];
  /** As `RepoRecords.change`: decided in this tick, durable when it resolves. */
  change(
    host: string,
    decide: (node: StorageNode | undefined) => StorageNode | null,
  ): Promise<StorageNode | undefined>;
  /** As `change`, but durable within a second, and when the store is closed; for rotation and probes. */
  changeSoon(
    host: string,
    decide: (node: StorageNode | undefined) => StorageNode | null,
  ): StorageNode | undefined;
  /** Durable when it resolves. */
  remove(host: string): Promise<void>;
  /** Calls after each change: for `change` and `remove` when it is durable, for `changeSoon` at once. */
  watch(listener: (before: StorageNode | undefined, after: StorageNode | undefined) => void): void;
}

/** What a storage node answers when it is asked for a repo. */
export type RepoPresence = 'there' | 'gone' | 'unknown';

/** Asks storage nodes; any backend that answers 404 for what it does not have. */
export interface RepoTruth {
  /** `unknown` whenever the answer is neither a clear yes nor a clear no. Never rejects. */
  ask(chacraUrl: string): Promise<RepoPresence>;
}

/** Where everything of a sha1 was sent, and since when (RFC 3339). */
export interface NodeAssignment {
  readonly host: string;
  readonly at: string;
}

/** Assignments of the last day. */
export interface NodeAssignments {
  get(key: string): NodeAssignment | undefined;
  /** Known at once, durable when it resolves; forgets those made before `expired`. */
  put(key: string, assignment: NodeAssignment, expired: string): Promise<void>;
}

/** Asks a storage node whether it is fit to take uploads. */
export interface NodeProbe {
  /** Null when it is. Never rejects. */
  whyUnhealthy(url: string): Promise<string | null>;
}

/** What one receiver was not told yet, in order; the events of a process that ended too. */
export interface WebhookOutbox {
  /** The order of the newest event ever noted; null before `begin`. */
  readonly newest: number | null;
  readonly waiting: number;
  /** Notes where a new receiver starts, durably. */
  begin(order: number): Promise<void>;
  /** Durable when it resolves. */
  add(event: WebhookEvent): Promise<void>;
  first(): WebhookEvent | undefined;
  /** Forgets the first event; a crash before this is durable delivers it again. */
  delivered(event: WebhookEvent): Promise<void>;
  close(): Promise<void>;
}

/** Posts events to their receivers. */
export interface WebhookSender {
  /** Null when the receiver took it, else why not; the signal gives it up. Never rejects. */
  send(rule: WebhookRule, event: WebhookEvent, signal: AbortSignal): Promise<string | null>;
}
