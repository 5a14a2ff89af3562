package io.meltemi.proxy.codec;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.header.HeaderSpelling;
import io.netty.buffer.ByteBuf;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Parses the head of a request or response, or trailers, in one pass over bytes copied into the
 * {@link HeaderBlock}. May be given the bytes in any pieces. Reused: {@link #beginRequest}, {@link
 * #beginResponse} and {@link #beginTrailers} start over.
 *
 * <p>What is between two hops only never becomes an entry: {@code connection} and what it names,
 * {@code keep-alive}, {@code proxy-connection}, {@code transfer-encoding}, {@code te} other than
 * {@code trailers}, and {@code upgrade} unless {@code connection} asks for it. Their meaning is in
 * the accessors. {@code host} becomes {@code :authority}.
 *
 * <p>Differs from Envoy: refuses bytes of 128 and above in a target, duplicate content-length also
 * with equal values, and a lone line feed as line end.
 */
public final class HeadParser {
  /** What became of the bytes given. */
  public enum Result {
    /** All were taken; the head is not complete. */
    MORE,
    /** The head is complete; the rest of the bytes stay in the buffer. */
    DONE,
    /** The head is refused; see {@link #error()}. */
    FAILED
  }

  private static final int OK = 0;
  private static final int INCOMPLETE = 1;
  private static final int END = 2;
  private static final int BAD = 3;

  private enum Kind {
    REQUEST,
    RESPONSE,
    TRAILERS
  }

  private static final int COPY_MAX = 4096;
  private static final int METHOD_BYTES_MAX = 64;
  private static final int CONTENT_LENGTH_DIGITS_MAX = 18;
  private static final int AUTHORITY_INDEX = 2;
  private static final int SCHEME_INDEX = 3;

  /** Lower-case form of each byte that may stand in a name; 0 for the others. */
  private static final byte[] NAME = new byte[256];

  /** 1 for bytes that may stand in a request target. */
  private static final byte[] TARGET = new byte[256];

  /** 1 for bytes that may stand in an authority. */
  private static final byte[] AUTHORITY = new byte[256];

  private static final byte[] REQUEST_PSEUDO =
      ":method:path:authority:schemehttp".getBytes(StandardCharsets.ISO_8859_1);
  private static final byte[] RESPONSE_PSEUDO = ":status".getBytes(StandardCharsets.ISO_8859_1);
  private static final byte[] HTTP_1 = "HTTP/1.".getBytes(StandardCharsets.ISO_8859_1);
  private static final byte[] CHUNKED = "chunked".getBytes(StandardCharsets.ISO_8859_1);
  private static final byte[] CLOSE = "close".getBytes(StandardCharsets.ISO_8859_1);
  private static final byte[] KEEP_ALIVE = "keep-alive".getBytes(StandardCharsets.ISO_8859_1);
  private static final byte[] UPGRADE = "upgrade".getBytes(StandardCharsets.ISO_8859_1);
  private static final byte[] TE = "te".getBytes(StandardCharsets.ISO_8859_1);
  private static final byte[] TRAILERS = "trailers".getBytes(StandardCharsets.ISO_8859_1);
  private static final byte[] H2C = "h2c".getBytes(StandardCharsets.ISO_8859_1);
  private static final byte[] HTTP2_SETTINGS =
      "http2-settings".getBytes(StandardCharsets.ISO_8859_1);
  private static final byte[] CONTINUE = "100-continue".getBytes(StandardCharsets.ISO_8859_1);
  private static final byte[] CONNECT = "CONNECT".getBytes(StandardCharsets.ISO_8859_1);
  private static final byte[] HEAD = "HEAD".getBytes(StandardCharsets.ISO_8859_1);
  private static final byte[] OPTIONS = "OPTIONS".getBytes(StandardCharsets.ISO_8859_1);
  private static final byte[] HTTP_SCHEME = "http".getBytes(StandardCharsets.ISO_8859_1);
  private static final byte[] HTTPS_SCHEME = "https".getBytes(StandardCharsets.ISO_8859_1);
  private static final HeaderName[] NOT_TO_BE_NOMINATED = {
    HeaderName.HOST,
    HeaderName.CONTENT_LENGTH,
    HeaderName.of("x-forwarded-for"),
    HeaderName.of("x-forwarded-host"),
    HeaderName.of("x-forwarded-proto"),
  };

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long ONES = 0x0101010101010101L;
  private static final long HIGH_BITS = 0x8080808080808080L;

  static {
    for (int c = 0; c < 128; c++) {
      if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || "!#$%&'*+-.^_`|~".indexOf(c) >= 0) {
        NAME[c] = (byte) c;
      } else if (c >= 'A' && c <= 'Z') {
        NAME[c] = (byte) (c + 32);
      }
      if (c > ' ' && c < 127 && c != '#') {
        TARGET[c] = 1;
      }
      if ((NAME[c] != 0 && "#^`|".indexOf(c) < 0) || "()[];:,=".indexOf(c) >= 0) {
        AUTHORITY[c] = 1;
      }
    }
  }

  private final HeadLimits limits;
  private final NameFormat names;

  /** Of the present head; null where it is not kept. */
  private @Nullable HeaderSpelling spelling;

  private Kind kind = Kind.REQUEST;
  private HeaderBlock block = EMPTY;
  private CodecError error = CodecError.NONE;
  private byte[] bytes = REQUEST_PSEUDO;
  private int headStart;
  private int position;
  private int filled;
  private int scanFrom;
  private boolean lineBegun;
  private boolean startLineDone;
  private boolean blankLineSkipped;
  private int lines;

  private int minorVersion;
  private int status;
  private long contentLength;
  private boolean chunked;
  private boolean transferEncoding;
  private boolean hostSeen;
  private boolean absoluteForm;
  private boolean connectionClose;
  private boolean connectionKeepAlive;
  private boolean connectionUpgrade;
  private boolean connectionNominates;
  private boolean upgradeSeen;
  private boolean expectContinue;
  private boolean connectMethod;
  private boolean headMethod;

  private static final HeaderBlock EMPTY = new HeaderBlock();

  public HeadParser(HeadLimits limits, NameFormat names) {
    this.limits = limits;
    this.names = names;
  }

  /** Starts a request's head; the block is cleared. */
  public void beginRequest(HeaderBlock into) {
    begin(Kind.REQUEST, into, REQUEST_PSEUDO);
    startLineDone = false;
  }

  /** Starts a response's head; the block is cleared. */
  public void beginResponse(HeaderBlock into) {
    begin(Kind.RESPONSE, into, RESPONSE_PSEUDO);
    startLineDone = false;
  }

  /** Starts trailers; the block is cleared. */
  public void beginTrailers(HeaderBlock into) {
    begin(Kind.TRAILERS, into, RESPONSE_PSEUDO);
    startLineDone = true;
  }

  private void begin(Kind newKind, HeaderBlock into, byte[] prefix) {
    kind = newKind;
    block = into;
    into.clear();
    spelling =
        names.isPreserving() && newKind != Kind.TRAILERS
            ? into.spell(names == NameFormat.PRESERVED_ELSE_PROPER)
            : null;
    bytes = into.reserve(prefix.length);
    System.arraycopy(prefix, 0, bytes, 0, prefix.length);
    into.rawLength(prefix.length);
    headStart = prefix.length;
    position = headStart;
    filled = headStart;
    lineBegun = false;
    blankLineSkipped = false;
    lines = 0;
    if (newKind == Kind.TRAILERS) {
      return;
    }
    error = CodecError.NONE;
    contentLength = -1;
    chunked = false;
    transferEncoding = false;
    hostSeen = false;
    absoluteForm = false;
    connectionClose = false;
    connectionKeepAlive = false;
    connectionUpgrade = false;
    connectionNominates = false;
    upgradeSeen = false;
    expectContinue = false;
    connectMethod = false;
    headMethod = false;
    status = 0;
  }

  /** Whether bytes of the present head have been taken. */
  public boolean isBegun() {
    return filled > headStart;
  }

  public CodecError error() {
    return error;
  }

  /** 0 or 1. */
  public int minorVersion() {
    return minorVersion;
  }

  /** Status of a response. */
  public int status() {
    return status;
  }

  /** Declared length of the body, or -1. */
  public long contentLength() {
    return contentLength;
  }

  public boolean isChunked() {
    return chunked;
  }

  /** Whether the connection may be used again after this message. */
  public boolean keepsAlive() {
    return minorVersion == 1 ? !connectionClose : connectionKeepAlive && !connectionClose;
  }

  /** Whether the message asks for, or accepts, the protocol in its {@code upgrade} header. */
  public boolean isUpgrade() {
    return connectionUpgrade && upgradeSeen;
  }

  public boolean isConnect() {
    return connectMethod;
  }

  public boolean isHead() {
    return headMethod;
  }

  /** Whether the client waits for 100 before it sends the body. */
  public boolean expectsContinue() {
    return expectContinue;
  }

  /** Whether the target named the authority, as clients of a forward proxy do. */
  public boolean isAbsoluteForm() {
    return absoluteForm;
  }

  /** Bytes of the head taken so far. */
  public int headBytes() {
    return position - headStart;
  }

  /** Takes bytes from the buffer. After DONE or FAILED only a begin may follow. */
  public Result parse(ByteBuf in) {
    while (in.isReadable()) {
      int count = Math.min(in.readableBytes(), COPY_MAX);
      bytes = block.reserve(count);
      in.readBytes(bytes, filled, count);
      filled += count;
      block.rawLength(filled);
      int outcome = scan();
      if (outcome == END) {
        in.readerIndex(in.readerIndex() - (filled - position));
        block.rawLength(position);
        return finish() ? Result.DONE : Result.FAILED;
      }
      if (outcome == BAD) {
        return Result.FAILED;
      }
      if (filled - headStart > limits.bytesMax()) {
        error = CodecError.HEAD_TOO_LARGE;
        return Result.FAILED;
      }
    }
    return Result.MORE;
  }

  private int bad(CodecError reason) {
    error = reason;
    return BAD;
  }

  private int scan() {
    while (true) {
      if (spelling != null && !lineBegun) {
        // names become lower case where they stand, so a line is begun only when it is whole
        lineBegun = true;
        scanFrom = position;
      }
      if (lineBegun && !hasLineFeed()) {
        scanFrom = filled;
        return INCOMPLETE;
      }
      int outcome = startLineDone ? fieldLine() : startLine();
      if (outcome == INCOMPLETE) {
        lineBegun = true;
        scanFrom = filled;
        return INCOMPLETE;
      }
      if (outcome == BAD) {
        return BAD;
      }
      lineBegun = false;
      if (position - headStart > limits.bytesMax()) {
        return bad(CodecError.HEAD_TOO_LARGE);
      }
      if (outcome == END) {
        return END;
      }
    }
  }

  private boolean hasLineFeed() {
    byte[] b = bytes;
    for (int i = scanFrom; i < filled; i++) {
      if (b[i] == '\n') {
        return true;
      }
    }
    return false;
  }

  private int startLine() {
    if (kind == Kind.RESPONSE) {
      return statusLine();
    }
    if (position < filled && bytes[position] == '\r' && !blankLineSkipped) {
      // one empty line before a request is tolerated (RFC 9112 section 2.2)
      if (position + 1 == filled) {
        return INCOMPLETE;
      }
      if (bytes[position + 1] != '\n') {
        return bad(CodecError.BAD_LINE_END);
      }
      blankLineSkipped = true;
      position += 2;
      return OK;
    }
    return requestLine();
  }

  private int requestLine() {
    byte[] b = bytes;
    int end = filled;
    int p = position;
    int methodStart = p;
    while (p < end && NAME[b[p] & 0xff] != 0) {
      p++;
    }
    if (p - methodStart > METHOD_BYTES_MAX) {
      return bad(CodecError.BAD_METHOD);
    }
    if (p == end) {
      return INCOMPLETE;
    }
    if (b[p] != ' ' || p == methodStart) {
      return bad(CodecError.BAD_METHOD);
    }
    int methodLength = p - methodStart;
    int targetStart = ++p;
    while (p < end && TARGET[b[p] & 0xff] != 0) {
      p++;
    }
    if (p == end) {
      return INCOMPLETE;
    }
    if (b[p] != ' ' || p == targetStart) {
      return bad(b[p] == '\r' || b[p] == '\n' ? CodecError.BAD_VERSION : CodecError.BAD_TARGET);
    }
    int targetLength = p - targetStart;
    p++;
    int version = version(p);
    if (version != OK) {
      return version;
    }
    p += HTTP_1.length + 1;
    int lineEnd = lineEnd(p);
    if (lineEnd != OK) {
      return lineEnd;
    }
    position = p + 2;
    startLineDone = true;
    connectMethod = equals(methodStart, methodLength, CONNECT);
    headMethod = equals(methodStart, methodLength, HEAD);
    block.addRaw(HeaderName.METHOD.hash(), 0, 7, methodStart, methodLength);
    block.addRaw(HeaderName.PATH.hash(), 7, 5, targetStart, targetLength);
    block.addRaw(HeaderName.AUTHORITY.hash(), 12, 10, targetStart, 0);
    block.addRaw(HeaderName.SCHEME.hash(), 22, 7, 29, 4);
    return target(targetStart, targetLength, methodStart, methodLength);
  }

  /** Sorts the target into path and authority (RFC 9112 section 3.2). */
  private int target(int start, int length, int methodStart, int methodLength) {
    if (connectMethod) {
      if (!isAuthority(start, length)) {
        return bad(CodecError.BAD_TARGET);
      }
      block.setRawValue(AUTHORITY_INDEX, start, length);
      absoluteForm = true;
      block.removeAt(1);
      return OK;
    }
    byte first = bytes[start];
    if (first == '/') {
      return OK;
    }
    if (first == '*') {
      return length == 1 && equals(methodStart, methodLength, OPTIONS)
          ? OK
          : bad(CodecError.BAD_TARGET);
    }
    int schemeLength;
    if (startsWithIgnoreCase(start, length, HTTP_SCHEME)
        && hasColonSlashes(start + 4, length - 4)) {
      schemeLength = 4;
    } else if (startsWithIgnoreCase(start, length, HTTPS_SCHEME)
        && hasColonSlashes(start + 5, length - 5)) {
      schemeLength = 5;
      block.setValue(SCHEME_INDEX, HTTPS_SCHEME, 0, 5);
      afterBlockWrite();
    } else {
      return bad(CodecError.BAD_TARGET);
    }
    return absoluteTarget(start + schemeLength + 3, start + length);
  }

  private int absoluteTarget(int authorityStart, int end) {
    int p = authorityStart;
    while (p < end && bytes[p] != '/' && bytes[p] != '?') {
      p++;
    }
    if (!isAuthority(authorityStart, p - authorityStart)) {
      return bad(CodecError.BAD_TARGET);
    }
    block.setRawValue(AUTHORITY_INDEX, authorityStart, p - authorityStart);
    absoluteForm = true;
    if (p < end && bytes[p] == '/') {
      block.setRawValue(1, p, end - p);
      return OK;
    }
    byte[] path = new byte[end - p + 1];
    path[0] = '/';
    System.arraycopy(bytes, p, path, 1, end - p);
    block.setRawValue(1, authorityStart, 0);
    block.setValue(1, path, 0, path.length);
    afterBlockWrite();
    return OK;
  }

  /**
   * The block has written an entry behind the raw bytes, where the next pieces of the head would
   * go: what was read ahead moves behind it.
   */
  private void afterBlockWrite() {
    int written = block.rawLength() - filled;
    int ahead = filled - position;
    byte[] b = block.reserve(ahead);
    System.arraycopy(b, position, b, block.rawLength(), ahead);
    headStart += block.rawLength() - position;
    position = block.rawLength();
    filled = position + ahead;
    block.rawLength(filled);
    bytes = b;
    assert written > 0;
  }

  private static boolean isColonSlashes(byte[] b, int at) {
    return b[at] == ':' && b[at + 1] == '/' && b[at + 2] == '/';
  }

  private boolean hasColonSlashes(int at, int length) {
    return length >= 3 && isColonSlashes(bytes, at);
  }

  private boolean startsWithIgnoreCase(int start, int length, byte[] lower) {
    if (length < lower.length) {
      return false;
    }
    for (int i = 0; i < lower.length; i++) {
      if (NAME[bytes[start + i] & 0xff] != lower[i]) {
        return false;
      }
    }
    return true;
  }

  private boolean isAuthority(int start, int length) {
    for (int i = start; i < start + length; i++) {
      if (AUTHORITY[bytes[i] & 0xff] == 0) {
        return false;
      }
    }
    return length > 0;
  }

  /** Checks {@code HTTP/1.0} or {@code HTTP/1.1} at that place. */
  private int version(int p) {
    byte[] b = bytes;
    for (int i = 0; i < HTTP_1.length; i++) {
      if (p + i == filled) {
        return INCOMPLETE;
      }
      if (b[p + i] != HTTP_1[i]) {
        return bad(CodecError.BAD_VERSION);
      }
    }
    if (p + HTTP_1.length == filled) {
      return INCOMPLETE;
    }
    minorVersion = b[p + HTTP_1.length] - '0';
    return minorVersion == 0 || minorVersion == 1 ? OK : bad(CodecError.BAD_VERSION);
  }

  private int lineEnd(int p) {
    if (p == filled) {
      return INCOMPLETE;
    }
    if (bytes[p] != '\r') {
      return bad(CodecError.BAD_START_LINE);
    }
    if (p + 1 == filled) {
      return INCOMPLETE;
    }
    return bytes[p + 1] == '\n' ? OK : bad(CodecError.BAD_LINE_END);
  }

  private int statusLine() {
    int p = position;
    int version = version(p);
    if (version != OK) {
      return version;
    }
    p += HTTP_1.length + 1;
    byte[] b = bytes;
    if (p == filled) {
      return INCOMPLETE;
    }
    if (b[p++] != ' ') {
      return bad(CodecError.BAD_START_LINE);
    }
    int statusStart = p;
    int code = 0;
    for (int i = 0; i < 3; i++, p++) {
      if (p == filled) {
        return INCOMPLETE;
      }
      int digit = b[p] - '0';
      if (digit < 0 || digit > 9) {
        return bad(CodecError.BAD_STATUS);
      }
      code = code * 10 + digit;
    }
    if (code < 100 || code > 599) {
      return bad(CodecError.BAD_STATUS);
    }
    if (p == filled) {
      return INCOMPLETE;
    }
    if (b[p] != '\r') {
      if (b[p] != ' ') {
        return bad(CodecError.BAD_STATUS);
      }
      p = valueEnd(p + 1);
    }
    int lineEnd = lineEnd(p);
    if (lineEnd != OK) {
      return lineEnd;
    }
    status = code;
    position = p + 2;
    startLineDone = true;
    block.addRaw(HeaderName.STATUS.hash(), 0, 7, statusStart, 3);
    return OK;
  }

  /**
   * The first place from there that is not value text: a control byte other than tab, or the end.
   */
  private int valueEnd(int from) {
    byte[] b = bytes;
    int end = filled;
    int p = from;
    while (true) {
      while (p + 8 <= end) {
        long word = (long) LONGS.get(b, p);
        long low = (word - 0x2020202020202020L) & ~word;
        long del = word ^ 0x7f7f7f7f7f7f7f7fL;
        del = (del - ONES) & ~del;
        if (((low | del) & HIGH_BITS) != 0) {
          break;
        }
        p += 8;
      }
      int stop = Math.min(end, p + 8);
      while (p < stop && (b[p] >= ' ' || b[p] < 0 || b[p] == '\t') && b[p] != 127) {
        p++;
      }
      if (p < stop || p == end) {
        return p;
      }
    }
  }

  private int fieldLine() {
    byte[] b = bytes;
    int end = filled;
    int p = position;
    if (p == end) {
      return INCOMPLETE;
    }
    if (b[p] == '\r') {
      int blank = lineEnd(p);
      if (blank == OK) {
        position = p + 2;
        return END;
      }
      return blank;
    }
    if (spelling != null) {
      rememberName(spelling);
    }
    int nameStart = p;
    int hash = 0;
    while (p < end) {
      byte lower = NAME[b[p] & 0xff];
      if (lower == 0) {
        break;
      }
      b[p++] = lower;
      hash = 31 * hash + lower;
    }
    if (p == end) {
      return INCOMPLETE;
    }
    if (b[p] != ':' || p == nameStart) {
      boolean folded = p == nameStart && (b[p] == ' ' || b[p] == '\t');
      return bad(folded ? CodecError.OBSOLETE_FOLDING : CodecError.BAD_HEADER_NAME);
    }
    int nameLength = p - nameStart;
    p++;
    while (p < end && (b[p] == ' ' || b[p] == '\t')) {
      p++;
    }
    int valueStart = p;
    p = valueEnd(p);
    if (p == end) {
      return INCOMPLETE;
    }
    if (b[p] != '\r') {
      return bad(b[p] == '\n' ? CodecError.BAD_LINE_END : CodecError.BAD_HEADER_VALUE);
    }
    if (p + 1 == end) {
      return INCOMPLETE;
    }
    if (b[p + 1] != '\n') {
      return bad(CodecError.BAD_LINE_END);
    }
    position = p + 2;
    while (p > valueStart && (b[p - 1] == ' ' || b[p - 1] == '\t')) {
      p--;
    }
    if (++lines > limits.headersMax()) {
      return bad(CodecError.TOO_MANY_HEADERS);
    }
    return field(hash, nameStart, nameLength, valueStart, p - valueStart);
  }

  private void rememberName(HeaderSpelling into) {
    int hash = 0;
    int p = position;
    for (byte lower; p < filled && (lower = NAME[bytes[p] & 0xff]) != 0; p++) {
      hash = 31 * hash + lower;
    }
    into.add(hash, bytes, position, p - position);
  }

  /** Takes one field: what matters to framing is kept, what is for one hop is not passed on. */
  private int field(int hash, int nameStart, int nameLength, int valueStart, int valueLength) {
    switch (nameLength) {
      case 2 -> {
        if (hash == HeaderName.TE.hash() && !valueIs(valueStart, valueLength, TRAILERS)) {
          return OK;
        }
      }
      case 4 -> {
        if (hash == HeaderName.HOST.hash() && kind != Kind.RESPONSE) {
          return host(valueStart, valueLength);
        }
      }
      case 6 -> {
        if (hash == HeaderName.EXPECT.hash()
            && kind == Kind.REQUEST
            && valueIs(valueStart, valueLength, CONTINUE)) {
          expectContinue = minorVersion == 1;
          return OK;
        }
      }
      case 7 -> {
        if (hash == HeaderName.UPGRADE.hash()) {
          if (valueIs(valueStart, valueLength, H2C) || kind == Kind.TRAILERS) {
            return OK;
          }
          upgradeSeen = true;
        }
      }
      case 10 -> {
        if (hash == HeaderName.CONNECTION.hash()) {
          return connection(hash, nameStart, nameLength, valueStart, valueLength);
        }
        if (hash == HeaderName.KEEP_ALIVE.hash()) {
          return OK;
        }
      }
      case 14 -> {
        if (hash == HeaderName.CONTENT_LENGTH.hash()) {
          if (kind == Kind.TRAILERS) {
            return OK;
          }
          int outcome = contentLength(valueStart, valueLength);
          if (outcome != OK) {
            return outcome;
          }
        }
      }
      case 16 -> {
        if (hash == HeaderName.PROXY_CONNECTION.hash()) {
          return OK;
        }
      }
      case 17 -> {
        if (hash == HeaderName.TRANSFER_ENCODING.hash()) {
          return kind == Kind.TRAILERS ? OK : transferEncoding(valueStart, valueLength);
        }
      }
      default -> {}
    }
    block.addRaw(hash, nameStart, nameLength, valueStart, valueLength);
    return OK;
  }

  private int host(int start, int length) {
    if (kind == Kind.TRAILERS) {
      return OK;
    }
    if (hostSeen) {
      return bad(CodecError.DUPLICATE_HOST);
    }
    hostSeen = true;
    if (absoluteForm) {
      // the target wins (RFC 9112 section 3.2.2), but a broken header is refused all the same
      return length == 0 || isAuthority(start, length) ? OK : bad(CodecError.BAD_HOST);
    }
    if (length == 0) {
      return bad(CodecError.MISSING_HOST);
    }
    if (!isAuthority(start, length)) {
      return bad(CodecError.BAD_HOST);
    }
    block.setRawValue(AUTHORITY_INDEX, start, length);
    return OK;
  }

  private int contentLength(int start, int length) {
    if (contentLength >= 0) {
      return bad(CodecError.DUPLICATE_CONTENT_LENGTH);
    }
    if (length == 0 || length > CONTENT_LENGTH_DIGITS_MAX) {
      return bad(CodecError.BAD_CONTENT_LENGTH);
    }
    long value = 0;
    for (int i = start; i < start + length; i++) {
      int digit = bytes[i] - '0';
      if (digit < 0 || digit > 9) {
        return bad(CodecError.BAD_CONTENT_LENGTH);
      }
      value = value * 10 + digit;
    }
    contentLength = value;
    return OK;
  }

  private int transferEncoding(int start, int length) {
    if (transferEncoding) {
      return bad(CodecError.BAD_TRANSFER_ENCODING);
    }
    transferEncoding = true;
    if (!valueIs(start, length, CHUNKED)) {
      return bad(CodecError.UNKNOWN_TRANSFER_ENCODING);
    }
    chunked = true;
    return OK;
  }

  private int connection(int hash, int nameStart, int nameLength, int valueStart, int valueLength) {
    if (kind == Kind.TRAILERS) {
      return OK;
    }
    boolean nominates = false;
    int end = valueStart + valueLength;
    int p = valueStart;
    while (p < end) {
      int comma = p;
      while (comma < end && bytes[comma] != ',') {
        comma++;
      }
      int start = p;
      int stop = comma;
      while (start < stop && (bytes[start] == ' ' || bytes[start] == '\t')) {
        start++;
      }
      while (stop > start && (bytes[stop - 1] == ' ' || bytes[stop - 1] == '\t')) {
        stop--;
      }
      nominates |= connectionToken(start, stop - start);
      p = comma + 1;
    }
    if (nominates) {
      connectionNominates = true;
      block.addRaw(hash, nameStart, nameLength, valueStart, valueLength);
    }
    return OK;
  }

  /** Takes one option; true when it names another header. */
  private boolean connectionToken(int start, int length) {
    if (length == 0) {
      return false;
    }
    if (valueIs(start, length, CLOSE)) {
      connectionClose = true;
      return false;
    }
    if (valueIs(start, length, KEEP_ALIVE)) {
      connectionKeepAlive = true;
      return false;
    }
    if (valueIs(start, length, UPGRADE)) {
      connectionUpgrade = true;
      return false;
    }
    return !valueIs(start, length, TE);
  }

  /** What can be judged only when every field is known. */
  private boolean finish() {
    if (kind == Kind.TRAILERS) {
      return true;
    }
    if (transferEncoding && contentLength >= 0) {
      error = CodecError.LENGTH_AND_TRANSFER_ENCODING;
      return false;
    }
    if (connectMethod && kind == Kind.REQUEST && (transferEncoding || contentLength > 0)) {
      error = transferEncoding ? CodecError.UNKNOWN_TRANSFER_ENCODING : CodecError.BODY_DISALLOWED;
      return false;
    }
    if (transferEncoding && minorVersion == 0) {
      error = CodecError.BAD_TRANSFER_ENCODING;
      return false;
    }
    if (kind == Kind.REQUEST && !hostSeen && minorVersion == 1) {
      error = CodecError.MISSING_HOST;
      return false;
    }
    if (kind == Kind.REQUEST && !hostSeen && !absoluteForm) {
      block.removeAt(AUTHORITY_INDEX);
    }
    if (upgradeSeen && !connectionUpgrade) {
      block.remove(HeaderName.UPGRADE);
    }
    return !connectionNominates || removeNominated();
  }

  private boolean removeNominated() {
    int at = block.find(HeaderName.CONNECTION);
    while (at >= 0) {
      String tokens = block.value(at);
      block.removeAt(at);
      for (String part : tokens.split(",", -1)) {
        String token = part.strip();
        if (token.isEmpty()) {
          continue;
        }
        if (!HeaderName.isValid(token)
            || token.startsWith(":")
            || !removeNominated(token.getBytes(StandardCharsets.ISO_8859_1))) {
          error = CodecError.BAD_CONNECTION_HEADER;
          return false;
        }
      }
      at = block.find(HeaderName.CONNECTION);
    }
    return true;
  }

  /** False when the token names what another hop relies on. */
  private boolean removeNominated(byte[] token) {
    for (int i = 0; i < token.length; i++) {
      token[i] = NAME[token[i] & 0xff];
    }
    for (HeaderName name : NOT_TO_BE_NOMINATED) {
      if (java.util.Arrays.equals(token, name.bytes())) {
        return false;
      }
    }
    boolean known =
        java.util.Arrays.equals(token, UPGRADE)
            || java.util.Arrays.equals(token, CLOSE)
            || java.util.Arrays.equals(token, KEEP_ALIVE)
            || java.util.Arrays.equals(token, TE)
            || java.util.Arrays.equals(token, HTTP2_SETTINGS);
    for (int i = block.size() - 1; i >= 0; i--) {
      boolean same =
          java.util.Arrays.equals(
              block.array(),
              block.nameStart(i),
              block.nameStart(i) + block.nameLength(i),
              token,
              0,
              token.length);
      if (same && (!known || java.util.Arrays.equals(token, HTTP2_SETTINGS))) {
        block.removeAt(i);
      }
    }
    return true;
  }

  private boolean valueIs(int start, int length, byte[] lower) {
    return length == lower.length && startsWithIgnoreCase(start, length, lower);
  }

  private boolean equals(int start, int length, byte[] text) {
    return java.util.Arrays.equals(bytes, start, start + length, text, 0, text.length);
  }
}
