/** A package of a generation as people name it. */
export interface PlacedPackage {
  /** Of a file that is no package, its path. */
  readonly name: string;
  /** Null for a file that is no package. */
  readonly version: string | null;
  readonly arch: string | null;
  /** deb: the codename; elsewhere empty. */
  readonly suite: string;
  readonly path: string;
  readonly sha256: string;
}

/** What became of the packages between two generations of a repo. */
export interface GenerationDifference {
  readonly from: number;
  readonly to: number;
  readonly added: readonly PlacedPackage[];
  readonly removed: readonly PlacedPackage[];
  /** Other bytes under one name, arch and codename; often another version. */
  readonly changed: readonly { readonly before: PlacedPackage; readonly after: PlacedPackage }[];
  readonly unchanged: number;
}
