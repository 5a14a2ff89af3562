package io.meltemi.proxy.listener.filter.tlsinspector;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What a TLS client hello says, from bytes of anyone. Bounds are checked at every step; nothing is
 * kept of the bytes.
 *
 * @param serverName lower case; empty for none
 * @param protocols of the ALPN extension (RFC 7301), in the client's order
 */
record ClientHello(String serverName, List<String> protocols) {
  /** A larger hello is refused, as in Envoy. */
  static final int BYTES_MAX = 16 * 1024;

  private static final int RECORD_HEADER = 5;
  private static final int RECORD_HANDSHAKE = 22;
  private static final int RECORD_BYTES_MAX = 16 * 1024;
  private static final int HANDSHAKE_CLIENT_HELLO = 1;
  private static final int EXTENSION_SERVER_NAME = 0;
  private static final int EXTENSION_ALPN = 16;

  ClientHello {
    protocols = List.copyOf(protocols);
  }

  /** What came of reading. */
  sealed interface Outcome {
    record Found(ClientHello hello) implements Outcome {}

    /** So far it may become one. */
    record Incomplete() implements Outcome {}

    record NotTls() implements Outcome {}

    record TooLarge() implements Outcome {}
  }

  private static final Outcome INCOMPLETE = new Outcome.Incomplete();
  private static final Outcome NOT_TLS = new Outcome.NotTls();
  private static final Outcome TOO_LARGE = new Outcome.TooLarge();

  /** Reads the readable bytes without moving an index. */
  static Outcome read(ByteBuf bytes) {
    byte[] message = new byte[Math.min(bytes.readableBytes(), BYTES_MAX + 4)];
    int collected = 0;
    int at = bytes.readerIndex();
    int end = bytes.writerIndex();
    while (true) {
      int wanted = wanted(message, collected);
      if (wanted < 0) {
        return NOT_TLS;
      }
      if (wanted > BYTES_MAX + 4) {
        return TOO_LARGE;
      }
      if (collected >= 4 && collected >= wanted) {
        return parse(message, wanted);
      }
      if (!looksLikeRecord(bytes, at, end)) {
        return NOT_TLS;
      }
      if (end - at < RECORD_HEADER) {
        return INCOMPLETE;
      }
      int length = bytes.getUnsignedShort(at + 3);
      if (length == 0 || length > RECORD_BYTES_MAX) {
        return NOT_TLS;
      }
      at += RECORD_HEADER;
      int part = Math.min(Math.min(length, end - at), message.length - collected);
      bytes.getBytes(at, message, collected, part);
      collected += part;
      int after = wanted(message, collected);
      if (after < 0 || (collected >= 4 && collected >= after)) {
        continue;
      }
      if (end - at < length) {
        return after > BYTES_MAX + 4 ? TOO_LARGE : INCOMPLETE;
      }
      at += length;
    }
  }

  /** Whether what there is of a record header can be one of a handshake. */
  private static boolean looksLikeRecord(ByteBuf bytes, int at, int end) {
    if (at < end && bytes.getUnsignedByte(at) != RECORD_HANDSHAKE) {
      return false;
    }
    return at + 1 >= end || bytes.getByte(at + 1) == 3;
  }

  /** Length of the whole handshake message, 4 while unknown, -1 when it is no client hello. */
  private static int wanted(byte[] message, int collected) {
    if (collected > 0 && message[0] != HANDSHAKE_CLIENT_HELLO) {
      return -1;
    }
    if (collected < 4) {
      return 4;
    }
    return 4 + ((message[1] & 0xFF) << 16 | (message[2] & 0xFF) << 8 | (message[3] & 0xFF));
  }

  private static Outcome parse(byte[] message, int end) {
    Cursor cursor = new Cursor(message, 4, end);
    // legacy version and random
    cursor.skip(2 + 32);
    cursor.skip(cursor.number(1));
    cursor.skip(cursor.number(2));
    cursor.skip(cursor.number(1));
    String serverName = "";
    List<String> protocols = List.of();
    if (cursor.isValid() && cursor.remaining() > 0) {
      Cursor extensions = cursor.part(cursor.number(2));
      while (extensions.isValid() && extensions.remaining() > 0) {
        int type = extensions.number(2);
        Cursor extension = extensions.part(extensions.number(2));
        if (!extensions.isValid()) {
          return NOT_TLS;
        }
        if (type == EXTENSION_SERVER_NAME) {
          serverName = serverName(extension);
        } else if (type == EXTENSION_ALPN) {
          protocols = protocols(extension);
        }
        if (!extension.isValid()) {
          return NOT_TLS;
        }
      }
      if (!extensions.isValid()) {
        return NOT_TLS;
      }
    }
    return cursor.isValid() ? new Outcome.Found(new ClientHello(serverName, protocols)) : NOT_TLS;
  }

  /** RFC 6066 section 3; the first host name. */
  private static String serverName(Cursor extension) {
    Cursor names = extension.part(extension.number(2));
    String found = "";
    while (names.isValid() && names.remaining() > 0) {
      int type = names.number(1);
      String name = names.text(names.number(2));
      if (type == 0 && found.isEmpty()) {
        found = name.toLowerCase(Locale.ROOT);
      }
    }
    extension.require(names.isValid());
    return found;
  }

  private static List<String> protocols(Cursor extension) {
    Cursor list = extension.part(extension.number(2));
    List<String> protocols = new ArrayList<>();
    while (list.isValid() && list.remaining() > 0) {
      protocols.add(list.text(list.number(1)));
    }
    extension.require(list.isValid());
    return list.isValid() ? protocols : List.of();
  }

  /** A range of bytes read from front to back; once a read went beyond, it stays invalid. */
  private static final class Cursor {
    private final byte[] bytes;
    private final int end;
    private int at;
    private boolean valid = true;

    Cursor(byte[] bytes, int start, int end) {
      this.bytes = bytes;
      this.at = start;
      this.end = end;
    }

    boolean isValid() {
      return valid;
    }

    void require(boolean holds) {
      valid &= holds;
    }

    int remaining() {
      return end - at;
    }

    private boolean take(int count) {
      valid = valid && count <= end - at;
      return valid;
    }

    int number(int size) {
      if (!take(size)) {
        return 0;
      }
      int value = 0;
      for (int i = 0; i < size; i++) {
        value = value << 8 | (bytes[at++] & 0xFF);
      }
      return value;
    }

    void skip(int count) {
      if (take(count)) {
        at += count;
      }
    }

    Cursor part(int length) {
      if (!take(length)) {
        Cursor none = new Cursor(bytes, end, end);
        none.valid = false;
        return none;
      }
      Cursor part = new Cursor(bytes, at, at + length);
      at += length;
      return part;
    }

    String text(int length) {
      if (!take(length)) {
        return "";
      }
      String text = new String(bytes, at, length, StandardCharsets.ISO_8859_1);
      at += length;
      return text;
    }
  }
}
