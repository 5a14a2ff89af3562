package io.meltemi.proxy.listener.filter.httpinspector;

import io.meltemi.proxy.listener.AcceptedSocket;
import io.meltemi.proxy.listener.ListenerFilter;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * Reads the request line. Only methods that are registered count, so that other protocols are told
 * apart from their first bytes on and need not wait for a line to end.
 */
final class HttpInspector implements ListenerFilter {
  private static final byte[] PREFACE =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
  private static final List<byte[]> METHODS =
      List.of(
              "GET",
              "HEAD",
              "POST",
              "PUT",
              "DELETE",
              "CONNECT",
              "OPTIONS",
              "TRACE",
              "PATCH",
              "COPY",
              "LOCK",
              "MKCOL",
              "MOVE",
              "PROPFIND",
              "PROPPATCH",
              "SEARCH",
              "UNLOCK",
              "BIND",
              "REBIND",
              "UNBIND",
              "ACL",
              "REPORT",
              "MKACTIVITY",
              "CHECKOUT",
              "MERGE",
              "M-SEARCH",
              "NOTIFY",
              "SUBSCRIBE",
              "UNSUBSCRIBE",
              "PURGE",
              "MKCALENDAR",
              "LINK",
              "UNLINK",
              "SOURCE")
          .stream()
          .map(method -> (method + " ").getBytes(StandardCharsets.US_ASCII))
          .toList();
  private static final int LINE_BYTES_MAX = 64 * 1024;

  private final HttpInspectorStats stats;

  HttpInspector(HttpInspectorStats stats) {
    this.stats = stats;
  }

  @Override
  public Status onAccept(AcceptedSocket socket) {
    return socket.transportProtocol().equals("raw_buffer") ? Status.MORE : Status.DONE;
  }

  @Override
  public int bytesMax() {
    return LINE_BYTES_MAX;
  }

  @Override
  public Status onData(AcceptedSocket socket, ByteBuf peeked) {
    int shared = sharedPrefix(peeked, PREFACE);
    if (shared == PREFACE.length) {
      stats.http2Found.inc();
      socket.applicationProtocols(List.of("h2c"));
      return Status.DONE;
    }
    if (shared == peeked.readableBytes()) {
      return Status.MORE;
    }
    Optional<Boolean> method = method(peeked);
    if (method.isEmpty()) {
      return Status.MORE;
    }
    if (!method.get()) {
      return notHttp();
    }
    int lineFeed = peeked.indexOf(peeked.readerIndex(), peeked.writerIndex(), (byte) '\n');
    if (lineFeed < 0) {
      return Status.MORE;
    }
    return version(socket, peeked, lineFeed);
  }

  private Status version(AcceptedSocket socket, ByteBuf peeked, int lineFeed) {
    int end = lineFeed;
    if (end > peeked.readerIndex() && peeked.getByte(end - 1) == '\r') {
      end--;
    }
    int start = end - " HTTP/1.x".length();
    if (start <= peeked.readerIndex()) {
      return notHttp();
    }
    switch (peeked.toString(start, end - start, StandardCharsets.US_ASCII)) {
      case " HTTP/1.1" -> {
        stats.http11Found.inc();
        socket.applicationProtocols(List.of("http/1.1"));
      }
      case " HTTP/1.0" -> {
        stats.http10Found.inc();
        socket.applicationProtocols(List.of("http/1.0"));
      }
      default -> stats.httpNotFound.inc();
    }
    return Status.DONE;
  }

  private Status notHttp() {
    stats.httpNotFound.inc();
    return Status.DONE;
  }

  /** Whether a method and a space stand in front; empty while that is open. */
  private static Optional<Boolean> method(ByteBuf peeked) {
    boolean open = false;
    for (byte[] method : METHODS) {
      int shared = sharedPrefix(peeked, method);
      if (shared == method.length) {
        return Optional.of(true);
      }
      open |= shared == peeked.readableBytes();
    }
    return open ? Optional.empty() : Optional.of(false);
  }

  private static int sharedPrefix(ByteBuf bytes, byte[] text) {
    int max = Math.min(bytes.readableBytes(), text.length);
    int i = 0;
    while (i < max && bytes.getByte(bytes.readerIndex() + i) == text[i]) {
      i++;
    }
    return i;
  }
}
