import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { z } from 'zod';

/** How the image of one distro is made. */
export interface ImageRecipe {
  readonly name: string;
  /** The image it stands on. */
  readonly from: string;
  /** Added to the packages of the recipe. */
  readonly packages: readonly string[];
  readonly files: readonly { readonly name: string; readonly text: string }[];
  /** Changes with anything of the above: images made alike have it alike. */
  readonly digest: string;
}

const word = z.string().regex(/^[A-Za-z0-9][\w.+:@/-]*$/);
const imagesFile = z.record(
  word,
  z.strictObject({ recipe: z.string().regex(/^[a-z0-9-]+$/), from: word, packages: z.array(word) }),
);

/** Reads `images.yaml` of a folder and the recipes beside it, in the order of the file. */
export async function readImageRecipes(folder: string): Promise<readonly ImageRecipe[]> {
  const path = join(folder, 'images.yaml');
  const read = imagesFile.safeParse(load(await readFile(path, 'utf8'), { filename: path }));
  if (!read.success) throw new Error(`${path}: ${z.prettifyError(read.error)}`);
  const recipes = Object.entries(read.data).map(async ([name, { recipe, from, packages }]) => {
    const files = await recipeFiles(join(folder, recipe));
    const text = JSON.stringify([from, packages, files]);
    const digest = createHash('sha256').update(text).digest('hex');
    return { name, from, packages, files, digest };
  });
  return Promise.all(recipes);
}

async function recipeFiles(folder: string): Promise<ImageRecipe['files']> {
  const names = (await readdir(folder)).sort();
  return Promise.all(
    names.map(async (name) => ({ name, text: await readFile(join(folder, name), 'utf8') })),
  );
}
