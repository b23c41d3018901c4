/** What the configuration says of a project, as far as publishing goes. */
export interface ProjectRules {
  /** Whether an upload alone leads to a publish, after the quiet time. */
  readonly automatic: boolean;
  /** Nothing of a disabled project is published. */
  readonly disabled: boolean;
}

export type RulesOf = (project: string) => ProjectRules;
