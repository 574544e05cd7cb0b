/** Numbers of the NBD protocol (github.com/NetworkBlockDevice/nbd, doc/proto.md), fixed newstyle. All are big-endian. */
export const magic = {
  /** "NBDMAGIC", how a server begins. */
  hello: 0x4e42444d41474943n,
  /** "IHAVEOPT", before each option. */
  option: 0x49484156454f5054n,
  optionReply: 0x3e889045565a9n,
  request: 0x25609513,
  simpleReply: 0x67446698,
  structuredReply: 0x668e33ef,
} as const

/** Of both ends, though in fields of different size. */
export const handshakeFlag = { fixedNewstyle: 1, noZeroes: 2 } as const

/** Options of the handshake. */
export const option = {
  exportName: 1,
  abort: 2,
  list: 3,
  info: 6,
  go: 7,
  structuredReply: 8,
  setMetaContext: 10,
} as const

/** Types of the replies to options. */
export const reply = {
  ack: 1,
  server: 2,
  info: 3,
  metaContext: 4,
  unsupported: 0x80000001,
  invalid: 0x80000003,
  unknownExport: 0x80000006,
} as const

/** What NBD_OPT_INFO and NBD_OPT_GO tell of an export. */
export const info = { export: 0, blockSize: 3 } as const

/** What an export can do. */
const transmissionFlag = { hasFlags: 1, readOnly: 2, canMultiConn: 0x100 } as const

/** Types of requests. */
export const command = { read: 0, write: 1, disconnect: 2, blockStatus: 7 } as const

/** Of a structured reply: the flag of its last chunk, and the type of one that tells the status of blocks. */
export const chunk = { done: 1, blockStatus: 5 } as const

/** Error numbers a reply may carry; they are Linux's, whatever the machine is. */
export const nbdError = { none: 0, notPermitted: 1, io: 5, invalid: 22 } as const

/** Sizes of fixed parts, in bytes. */
export const size = {
  clientFlags: 4,
  optionHeader: 16,
  request: 28,
  simpleReply: 16,
  optionReply: 20,
  chunk: 20,
} as const

/** The longest read or write of one request, in bytes: what clients may expect any server to take. */
export const maxRequestBytes = 32 * 1024 * 1024

/** Longest data of an option, in bytes: an export name is 4,096 at most. */
export const maxOptionBytes = 8192

/** Flags of every export of ours: nothing can be written, and several connections see the same. */
export const exportFlags = transmissionFlag.hasFlags | transmissionFlag.readOnly | transmissionFlag.canMultiConn
