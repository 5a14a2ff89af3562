package io.meltemi.proxy.http.filter.router;

import io.meltemi.proxy.telemetry.ResponseFlag;
import io.meltemi.proxy.upstream.ResetReason;

/** How Envoy tells of the ways in which a try fails. */
final class ResetDetails {
  private ResetDetails() {}

  static ResponseFlag flag(ResetReason reason) {
    return switch (reason) {
      case CLOSED, CLOSED_BEFORE_RESPONSE -> ResponseFlag.UPSTREAM_CONNECTION_TERMINATION;
      case PROTOCOL_ERROR -> ResponseFlag.UPSTREAM_PROTOCOL_ERROR;
      case REMOTE_RESET, REMOTE_REFUSED, REMOTE_CONNECT_ERROR -> ResponseFlag.UPSTREAM_REMOTE_RESET;
    };
  }

  /** As in response code details. */
  static String word(ResetReason reason) {
    return switch (reason) {
      case CLOSED, CLOSED_BEFORE_RESPONSE -> "connection_termination";
      case PROTOCOL_ERROR -> "protocol_error";
      case REMOTE_RESET -> "remote_reset";
      case REMOTE_CONNECT_ERROR -> "remote_error_with_CONNECT_request";
      case REMOTE_REFUSED -> "remote_refused_stream_reset";
    };
  }

  /** As in the body of a reply. */
  static String text(ResetReason reason) {
    return reason == ResetReason.REMOTE_REFUSED
        ? "remote refused stream reset"
        : word(reason).replace('_', ' ');
  }

  /** The system's words for a connection that failed, without the address that Netty adds. */
  static String cause(String detail) {
    int at = detail.indexOf(": ");
    String text = at < 0 || detail.indexOf('/') > at ? detail : detail.substring(0, at);
    if (text.contains("Connection refused")) {
      return "Connection refused";
    }
    return text;
  }
}
