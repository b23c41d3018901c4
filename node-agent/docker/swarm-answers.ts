import { z } from 'zod';

/* The parts of the answers of Swarm's endpoints that we use; see engine-answers.ts. */

const labels = z
  .record(z.string(), z.string())
  .nullish()
  .transform((read) => read ?? {});

const listedService = z.object({
  ID: z.string().min(1),
  Version: z.object({ Index: z.number() }),
  Spec: z.looseObject({
    Name: z.string(),
    Labels: labels,
    Mode: z.looseObject({ Replicated: z.object({ Replicas: z.number().optional() }).optional() }),
    TaskTemplate: z.looseObject({
      ContainerSpec: z.looseObject({ Image: z.string(), User: z.string().optional() }),
    }),
  }),
});
export type ListedService = z.infer<typeof listedService>;
export const serviceAnswer = listedService;
export const serviceList = z.array(listedService);

const listedTask = z.object({
  ID: z.string(),
  ServiceID: z.string(),
  CreatedAt: z.string(),
  Spec: z.object({ ContainerSpec: z.object({ Labels: labels }) }),
  Status: z.object({
    State: z.string(),
    Message: z.string().default(''),
    Err: z.string().default(''),
    ContainerStatus: z
      .object({ ContainerID: z.string().optional(), ExitCode: z.number().optional() })
      .optional(),
  }),
});
export type ListedTask = z.infer<typeof listedTask>;
export const taskList = z.array(listedTask);

const listedSecret = z.object({
  ID: z.string().min(1),
  Spec: z.object({ Name: z.string(), Labels: labels }),
});
export type ListedSecret = z.infer<typeof listedSecret>;
export const secretList = z.array(listedSecret);

export const madeInSwarm = z.object({ ID: z.string().min(1) });

export const nodeList = z.array(
  z.object({
    Spec: z.object({ Availability: z.string() }),
    Status: z.object({ State: z.string() }),
    Description: z.object({
      Platform: z.object({ Architecture: z.string() }),
      Resources: z.object({ NanoCPUs: z.number(), MemoryBytes: z.number() }),
      Engine: z.object({ EngineVersion: z.string() }),
    }),
  }),
);
