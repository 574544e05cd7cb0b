import type { Blueprint } from "./blueprint.ts"
import type { Manifest } from "./manifest.ts"
import { metadata } from "./metadata.ts"
import { namesOf } from "./names.ts"

/** File name to text, per Secret. */
export interface SecretTexts {
  target: Record<string, string>
  restore: Record<string, string>
  access: Record<string, string>
}

/** Three Secrets: each pod mounts its own, a user needs only the third. Immutable: nobody, not even we, changes them. */
export function secretManifests(blueprint: Blueprint, texts: SecretTexts): Manifest[] {
  const names = namesOf(blueprint.session)
  return (["target", "restore", "access"] as const).map((role) => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: metadata(blueprint, names.secret(role), role),
    type: "Opaque",
    immutable: true,
    data: Object.fromEntries(
      Object.entries(texts[role]).map(([file, text]) => [file, Buffer.from(text).toString("base64")]),
    ),
  }))
}
