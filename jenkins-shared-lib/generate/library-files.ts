import type { Step } from '../catalogue/step.ts';
import { groovyStep } from './groovy-step.ts';
import { stepHelp } from './step-help.ts';

/** The folder below the library that holds nothing but generated files. */
export const GENERATED = 'vars';

/** Every generated file of the library: path below it -> text. */
export function libraryFiles(steps: readonly Step[]): Map<string, string> {
  return new Map(
    steps.flatMap((step): [string, string][] => [
      [`${GENERATED}/${step.name}.groovy`, groovyStep(step, sourceOf(step))],
      [`${GENERATED}/${step.name}.txt`, stepHelp(step)],
    ]),
  );
}

/** Where a step's entry stands: named as the step, in the way of files. */
export function sourceOf({ name }: Step): string {
  const file = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return `jenkins-shared-lib/catalogue/${file}.ts`;
}
