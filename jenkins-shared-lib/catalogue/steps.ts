import { gitbuilder } from './gitbuilder.ts';
import { shamanNextNode } from './shaman-next-node.ts';
import type { Step } from './step.ts';
import { uploadToChacra } from './upload-to-chacra.ts';

/** Every step of the library, in the order of its documentation. */
export const STEPS: readonly Step[] = [gitbuilder, shamanNextNode, uploadToChacra];
