/**
 * Why files are read through the guest and not past it. Nothing is wrong with them: `volume` says that no other file of
 * the volume needs to be asked about.
 */
export class Unsuitable extends Error {
  readonly scope: "file" | "volume"

  constructor(scope: "file" | "volume", message: string) {
    super(message)
    this.scope = scope
  }
}
