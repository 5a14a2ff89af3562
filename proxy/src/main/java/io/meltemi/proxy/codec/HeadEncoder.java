package io.meltemi.proxy.codec;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.header.HeaderSpelling;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Writes heads, chunk framing and trailers. Stateless; allocates nothing. */
public final class HeadEncoder {
  private static final byte[] HTTP_1_1_HOST = ascii(" HTTP/1.1\r\nhost: ");
  private static final byte[] HTTP_1_1_END = ascii(" HTTP/1.1\r\n");
  private static final byte[] CRLF = ascii("\r\n");
  private static final byte[] CHUNKED_END = ascii("transfer-encoding: chunked\r\n\r\n");
  private static final byte[] CLOSE = ascii("connection: close\r\n");
  private static final byte[] KEEP_ALIVE = ascii("connection: keep-alive\r\n");
  private static final byte[] UPGRADE = ascii("connection: upgrade\r\n");
  private static final byte[] LAST_CHUNK = ascii("0\r\n");
  private static final byte[] SEPARATOR = ascii(": ");
  private static final byte[][] STATUS_LINES = new byte[600][];

  static {
    for (int i = 100; i < 600; i++) {
      STATUS_LINES[i] = ascii("HTTP/1.1 " + i + " " + reason(i) + "\r\n");
    }
  }

  private HeadEncoder() {}

  /** What is written about the connection. */
  public enum ConnectionOption {
    NONE,
    CLOSE,
    KEEP_ALIVE,
    UPGRADE
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  /** An upper bound of the bytes that the head takes. */
  public static int sizeMax(HeaderBlock block) {
    int size = 128;
    for (int i = 0; i < block.size(); i++) {
      size += block.nameLength(i) + block.valueLength(i) + 4;
    }
    return size;
  }

  /**
   * Writes a request's head in origin form; one without a path, which is CONNECT, in authority
   * form.
   *
   * @param chunked whether a body of unknown length follows
   * @param names for a message that does not remember its own
   */
  public static void request(
      ByteBuf out, HeaderBlock block, boolean chunked, ConnectionOption option, NameFormat names) {
    boolean plain = isPlain(block, names);
    value(out, block, block.find(HeaderName.METHOD));
    out.writeByte(' ');
    int authority = block.find(HeaderName.AUTHORITY);
    int path = block.find(HeaderName.PATH);
    value(out, block, path >= 0 ? path : authority);
    if (authority >= 0) {
      if (plain) {
        out.writeBytes(HTTP_1_1_HOST);
      } else {
        out.writeBytes(HTTP_1_1_END);
        name(out, HeaderName.HOST, block, names);
      }
      value(out, block, authority);
      out.writeBytes(CRLF);
    } else {
      out.writeBytes(HTTP_1_1_END);
    }
    if (plain) {
      fields(out, block);
      end(out, chunked, option);
    } else {
      formattedFields(out, block, names);
      formattedEnd(out, block, chunked, option, names);
    }
  }

  /**
   * Writes a response's head.
   *
   * @param status 100 to 599
   * @param chunked whether a body of unknown length follows in chunks
   * @param names for a message that does not remember its own
   */
  public static void response(
      ByteBuf out,
      int status,
      HeaderBlock block,
      boolean chunked,
      ConnectionOption option,
      NameFormat names) {
    out.writeBytes(STATUS_LINES[status]);
    if (isPlain(block, names)) {
      fields(out, block);
      end(out, chunked, option);
    } else {
      formattedFields(out, block, names);
      formattedEnd(out, block, chunked, option, names);
    }
  }

  /** Writes a bare interim response. */
  public static void interim(ByteBuf out, int status) {
    out.writeBytes(STATUS_LINES[status]);
    out.writeBytes(CRLF);
  }

  private static void end(ByteBuf out, boolean chunked, ConnectionOption option) {
    switch (option) {
      case NONE -> {}
      case CLOSE -> out.writeBytes(CLOSE);
      case KEEP_ALIVE -> out.writeBytes(KEEP_ALIVE);
      case UPGRADE -> out.writeBytes(UPGRADE);
    }
    out.writeBytes(chunked ? CHUNKED_END : CRLF);
  }

  /** Writes the size line of a chunk; its data and {@link #chunkEnd} follow. */
  public static void chunkStart(ByteBuf out, int size) {
    int shift = 28 - Integer.numberOfLeadingZeros(size) / 4 * 4;
    for (int s = Math.max(shift, 0); s >= 0; s -= 4) {
      out.writeByte("0123456789abcdef".charAt((size >>> s) & 15));
    }
    out.writeBytes(CRLF);
  }

  public static void chunkEnd(ByteBuf out) {
    out.writeBytes(CRLF);
  }

  /** Writes the last chunk and no trailers. */
  public static void lastChunk(ByteBuf out) {
    out.writeBytes(LAST_CHUNK);
    out.writeBytes(CRLF);
  }

  /** Writes the last chunk and trailers. */
  public static void lastChunk(ByteBuf out, HeaderBlock trailers) {
    out.writeBytes(LAST_CHUNK);
    fields(out, trailers);
    out.writeBytes(CRLF);
  }

  private static void value(ByteBuf out, HeaderBlock block, int index) {
    out.writeBytes(block.array(), block.valueStart(index), block.valueLength(index));
  }

  private static boolean isPlain(HeaderBlock block, NameFormat names) {
    return names != NameFormat.PROPER_CASE && block.spelling() == null;
  }

  private static void formattedFields(ByteBuf out, HeaderBlock block, NameFormat names) {
    HeaderSpelling spelling = block.spelling();
    for (int i = 0; i < block.size(); i++) {
      if (block.isPseudo(i)) {
        continue;
      }
      name(
          out,
          block.nameHash(i),
          block.array(),
          block.nameStart(i),
          block.nameLength(i),
          spelling,
          names);
      value(out, block, i);
      out.writeBytes(CRLF);
    }
  }

  private static void formattedEnd(
      ByteBuf out, HeaderBlock block, boolean chunked, ConnectionOption option, NameFormat names) {
    byte[] asked =
        switch (option) {
          case NONE -> CRLF;
          case CLOSE -> CLOSE;
          case KEEP_ALIVE -> KEEP_ALIVE;
          case UPGRADE -> UPGRADE;
        };
    if (option != ConnectionOption.NONE) {
      name(out, HeaderName.CONNECTION, block, names);
      int start = HeaderName.CONNECTION.length() + SEPARATOR.length;
      out.writeBytes(asked, start, asked.length - start);
    }
    if (chunked) {
      name(out, HeaderName.TRANSFER_ENCODING, block, names);
      int start = HeaderName.TRANSFER_ENCODING.length() + SEPARATOR.length;
      out.writeBytes(CHUNKED_END, start, CHUNKED_END.length - start);
    } else {
      out.writeBytes(CRLF);
    }
  }

  private static void name(ByteBuf out, HeaderName name, HeaderBlock block, NameFormat names) {
    name(out, name.hash(), name.bytes(), 0, name.length(), block.spelling(), names);
  }

  private static void name(
      ByteBuf out,
      int hash,
      byte[] lower,
      int start,
      int length,
      @Nullable HeaderSpelling spelling,
      NameFormat names) {
    int known = spelling == null ? -1 : spelling.find(hash, lower, start, length);
    boolean proper =
        spelling == null ? names == NameFormat.PROPER_CASE : known < 0 && spelling.isProperElse();
    if (spelling != null && known >= 0) {
      out.writeBytes(spelling.array(), known, length);
    } else if (proper) {
      boolean first = true;
      for (int i = start; i < start + length; i++) {
        byte b = lower[i];
        boolean letter = b >= 'a' && b <= 'z';
        out.writeByte(letter && first ? b - 32 : b);
        first = !letter && (b < '0' || b > '9');
      }
    } else {
      out.writeBytes(lower, start, length);
    }
    out.writeBytes(SEPARATOR);
  }

  /** Writes every entry that is not a pseudo header; neighbours in the array go in one piece. */
  private static void fields(ByteBuf out, HeaderBlock block) {
    byte[] array = block.array();
    int runStart = 0;
    int runEnd = 0;
    int size = block.size();
    for (int i = 0; i < size; i++) {
      int nameStart = block.nameStart(i);
      if (array[nameStart] == ':') {
        continue;
      }
      int valueStart = block.valueStart(i);
      int valueLength = block.valueLength(i);
      if (block.isContiguous(i)) {
        if (nameStart != runEnd) {
          if (runEnd > runStart) {
            out.writeBytes(array, runStart, runEnd - runStart);
          }
          runStart = nameStart;
        }
        runEnd = valueStart + valueLength + 2;
        continue;
      }
      if (runEnd > runStart) {
        out.writeBytes(array, runStart, runEnd - runStart);
      }
      runStart = 0;
      runEnd = 0;
      out.writeBytes(array, nameStart, block.nameLength(i));
      out.writeBytes(SEPARATOR);
      out.writeBytes(array, valueStart, valueLength);
      out.writeBytes(CRLF);
    }
    if (runEnd > runStart) {
      out.writeBytes(array, runStart, runEnd - runStart);
    }
  }

  /** The reason phrase of a status; "Unknown" for one without. */
  public static String reason(int status) {
    return switch (status) {
      case 100 -> "Continue";
      case 101 -> "Switching Protocols";
      case 102 -> "Processing";
      case 103 -> "Early Hints";
      case 200 -> "OK";
      case 201 -> "Created";
      case 202 -> "Accepted";
      case 203 -> "Non-Authoritative Information";
      case 204 -> "No Content";
      case 205 -> "Reset Content";
      case 206 -> "Partial Content";
      case 207 -> "Multi-Status";
      case 208 -> "Already Reported";
      case 226 -> "IM Used";
      case 300 -> "Multiple Choices";
      case 301 -> "Moved Permanently";
      case 302 -> "Found";
      case 303 -> "See Other";
      case 304 -> "Not Modified";
      case 305 -> "Use Proxy";
      case 307 -> "Temporary Redirect";
      case 308 -> "Permanent Redirect";
      case 400 -> "Bad Request";
      case 401 -> "Unauthorized";
      case 402 -> "Payment Required";
      case 403 -> "Forbidden";
      case 404 -> "Not Found";
      case 405 -> "Method Not Allowed";
      case 406 -> "Not Acceptable";
      case 407 -> "Proxy Authentication Required";
      case 408 -> "Request Timeout";
      case 409 -> "Conflict";
      case 410 -> "Gone";
      case 411 -> "Length Required";
      case 412 -> "Precondition Failed";
      case 413 -> "Payload Too Large";
      case 414 -> "URI Too Long";
      case 415 -> "Unsupported Media Type";
      case 416 -> "Range Not Satisfiable";
      case 417 -> "Expectation Failed";
      case 421 -> "Misdirected Request";
      case 422 -> "Unprocessable Entity";
      case 423 -> "Locked";
      case 424 -> "Failed Dependency";
      case 425 -> "Too Early";
      case 426 -> "Upgrade Required";
      case 428 -> "Precondition Required";
      case 429 -> "Too Many Requests";
      case 431 -> "Request Header Fields Too Large";
      case 500 -> "Internal Server Error";
      case 501 -> "Not Implemented";
      case 502 -> "Bad Gateway";
      case 503 -> "Service Unavailable";
      case 504 -> "Gateway Timeout";
      case 505 -> "HTTP Version Not Supported";
      case 506 -> "Variant Also Negotiates";
      case 507 -> "Insufficient Storage";
      case 508 -> "Loop Detected";
      case 510 -> "Not Extended";
      case 511 -> "Network Authentication Required";
      default -> "Unknown";
    };
  }
}
