package io.meltemi.proxy.http;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.telemetry.ResponseFlag;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** An answer made by the proxy itself. */
public final class LocalReply {
  private static final byte[] NO_BODY = {};

  private final int status;
  private final byte[] body;
  private final @Nullable ResponseFlag flag;
  private final String details;
  private final Consumer<HeaderBlock> headers;

  /**
   * @param body sent as {@code text/plain} unless the headers say otherwise; shared
   * @param flag for the access log; null for none
   * @param headers changes the finished response headers
   */
  public LocalReply(
      int status,
      byte[] body,
      @Nullable ResponseFlag flag,
      String details,
      Consumer<HeaderBlock> headers) {
    this.status = status;
    this.body = body;
    this.flag = flag;
    this.details = details;
    this.headers = headers;
  }

  /** A reply with a text and no further headers. */
  public static LocalReply of(
      int status, String body, @Nullable ResponseFlag flag, String details) {
    byte[] bytes = body.isEmpty() ? NO_BODY : body.getBytes(StandardCharsets.UTF_8);
    return new LocalReply(status, bytes, flag, details, LocalReply::noChange);
  }

  private static void noChange(HeaderBlock headers) {
    // a plain reply has the headers that every reply has
  }

  public int status() {
    return status;
  }

  public byte[] body() {
    return body;
  }

  public @Nullable ResponseFlag flag() {
    return flag;
  }

  public String details() {
    return details;
  }

  public Consumer<HeaderBlock> headers() {
    return headers;
  }
}
