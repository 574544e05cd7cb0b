import type { z } from "zod"

/** What an object must fulfil beyond its shape: once for zod, once in CEL for the API server. Neither goes without the other. */
export interface Rule<T> {
  holds: (value: T) => boolean
  cel: string
  message: string
}

/** A rule on a change. Only the API server sees both the old and the new object, so there is no zod side. */
export interface ChangeRule {
  cel: string
  message: string
}

/** Adds the refinements to the schema and their CEL twins to what is rendered from it. */
export function withRules<S extends z.ZodType>(
  schema: S,
  rules: readonly Rule<z.output<S>>[],
  changes: readonly ChangeRule[] = [],
): S {
  const refined = rules.reduce((into, { holds, message }) => into.refine(holds, { message }), schema)
  const validations = [...rules, ...changes].map(({ cel, message }) => ({ rule: cel, message }))
  return refined.meta({ ...schema.meta(), "x-kubernetes-validations": validations })
}

/** CEL for "present or absent as before, and if present then the same": an optional field can't be added later either. */
export function unchangeable(field: string): ChangeRule {
  return {
    cel: `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`,
    message: `${field} can't change; create another session`,
  }
}
