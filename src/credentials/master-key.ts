import { createSecretKey, randomBytes, type KeyObject } from "node:crypto"
import { RecoveryError } from "../api/reasons.ts"

/** A new master key as it is kept in a Secret: 32 random bytes, base64. */
export function createMasterKey(): string {
  return randomBytes(32).toString("base64")
}

/** Reads what `createMasterKey` wrote. A KeyObject, because that prints no bytes when somebody logs it. */
export function loadMasterKey(text: string): KeyObject {
  const trimmed = text.trim()
  const bytes = Buffer.from(trimmed, "base64")
  if (bytes.length !== 32 || bytes.toString("base64") !== trimmed)
    throw new RecoveryError(
      "Internal",
      "The master key must be 32 bytes in base64; restore it or create the Secret anew.",
    )
  return createSecretKey(bytes)
}
