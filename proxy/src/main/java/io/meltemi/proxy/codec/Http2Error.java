package io.meltemi.proxy.codec;

/**
 * HTTP/2 error codes; see <a href="https://www.rfc-editor.org/rfc/rfc9113#section-7">RFC 9113</a>.
 */
public enum Http2Error {
  NO_ERROR,
  PROTOCOL_ERROR,
  INTERNAL_ERROR,
  FLOW_CONTROL_ERROR,
  SETTINGS_TIMEOUT,
  STREAM_CLOSED,
  FRAME_SIZE_ERROR,
  REFUSED_STREAM,
  CANCEL,
  COMPRESSION_ERROR,
  CONNECT_ERROR,
  ENHANCE_YOUR_CALM,
  INADEQUATE_SECURITY,
  HTTP_1_1_REQUIRED;

  private static final Http2Error[] ALL = values();

  /** The code on the wire. */
  public int code() {
    return ordinal();
  }

  /** The error of a code; an unknown one counts as {@link #INTERNAL_ERROR}. */
  public static Http2Error of(int code) {
    return code >= 0 && code < ALL.length ? ALL[code] : INTERNAL_ERROR;
  }
}
