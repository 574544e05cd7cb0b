import { open } from "node:fs/promises"
import { reasonOf, type Reason } from "../api/reasons.ts"

/** The kubelet keeps this much of a termination message. */
export const maxTerminationBytes = 4096

/** What a pod says of its failure: a code and a sentence. The text of an unforeseen error is its first line. */
export function terminationMessage(error: unknown): { reason: Reason; message: string } {
  const text = error instanceof Error ? error.message : "An unknown failure; the log says more."
  return { reason: reasonOf(error), message: text.split("\n", 1)[0]?.slice(0, 1000) ?? "" }
}

/**
 * Writes the message where the kubelet looks for it. The file is there in a pod (the kubelet makes it) and is not made
 * anywhere else; failing to write it is no second failure.
 */
export async function writeTerminationMessage(path: string, message: object): Promise<void> {
  const text = JSON.stringify(message)
  try {
    const file = await open(path, "r+")
    await file.write(Buffer.from(text).subarray(0, maxTerminationBytes))
    await file.close()
  } catch {
    return
  }
}
