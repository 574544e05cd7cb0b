import { z } from "zod"
import { isReason, type Reason } from "../api/reasons.ts"

/**
 * What a copy's pod says at its end, in its termination message. `Copied`: all that was asked for is there. `CopyIncomplete`
 * or `DestinationExists`: all but `failures`. Any other reason: it had to stop, and what is counted is there already.
 */
const count = z.number().int().nonnegative().default(0)
const failureSchema = z.object({
  path: z.string().max(4 * 4096),
  reason: z.custom<Reason>(isReason).catch("Internal"),
  message: z.string().max(4096).optional(),
})

export const copyResultSchema = z.object({
  reason: z.custom<Reason>(isReason).catch("Internal"),
  message: z.string().max(4096),
  files: count,
  bytes: count,
  skipped: count,
  failed: count,
  failures: z.array(failureSchema).max(64).default([]),
})
export type CopyResult = z.output<typeof copyResultSchema>

/** The result with as many of its failures as fit into so many bytes of JSON. */
export function fitResult(result: CopyResult, maxBytes: number): CopyResult {
  const failures = result.failures.slice(0, 64)
  const fitted = () => ({ ...result, failures })
  while (failures.length > 0 && Buffer.byteLength(JSON.stringify(fitted())) > maxBytes) failures.pop()
  return fitted()
}

/** Undefined for what is no result: the kubelet's own words, or half a message. */
export function parseResult(text: string | undefined): CopyResult | undefined {
  try {
    return copyResultSchema.parse(JSON.parse(text ?? ""))
  } catch {
    return undefined
  }
}
