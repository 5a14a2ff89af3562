package io.meltemi.proxy.codec;

/** Why a message was refused. */
public enum CodecError {
  NONE(0, ""),
  BAD_START_LINE(400, "http1.codec_error"),
  BAD_METHOD(400, "http1.invalid_method"),
  BAD_TARGET(400, "http1.invalid_url"),
  BAD_VERSION(400, "http1.invalid_http_version"),
  BAD_HEADER_NAME(400, "http1.invalid_characters"),
  BAD_HEADER_VALUE(400, "http1.invalid_characters"),
  BAD_LINE_END(400, "http1.codec_error"),
  OBSOLETE_FOLDING(400, "http1.codec_error"),
  HEAD_TOO_LARGE(431, "http1.headers_too_large"),
  TOO_MANY_HEADERS(431, "http1.too_many_headers"),
  BAD_CONTENT_LENGTH(400, "http1.invalid_content_length"),
  DUPLICATE_CONTENT_LENGTH(400, "http1.multiple_content_length"),
  LENGTH_AND_TRANSFER_ENCODING(400, "http1.content_length_and_chunked_not_allowed"),
  UNKNOWN_TRANSFER_ENCODING(501, "http1.invalid_transfer_encoding"),
  BAD_TRANSFER_ENCODING(400, "http1.invalid_transfer_encoding"),
  /** CONNECT with a body. */
  BODY_DISALLOWED(400, "http1.body_disallowed"),
  MISSING_HOST(400, "missing_host_header"),
  DUPLICATE_HOST(400, "http1.multiple_host_headers"),
  BAD_HOST(400, "http1.invalid_authority"),
  BAD_CONNECTION_HEADER(400, "http1.connection_header_rejected"),
  BAD_STATUS(400, "http1.codec_error"),
  BAD_CHUNK(400, "http1.codec_error"),
  CHUNK_EXTENSION_TOO_LONG(400, "http1.codec_error"),
  PREMATURE_END(400, "http1.codec_error");

  private final int status;
  private final String details;

  CodecError(int status, String details) {
    this.status = status;
    this.details = details;
  }

  /** The status that answers such a request. */
  public int status() {
    return status;
  }

  /** Envoy's response code details. */
  public String details() {
    return details;
  }
}
