package io.meltemi.proxy.route;

import io.meltemi.proxy.header.HeaderBlock;

/** What routing may ask about a request. Lives on the event loop of the stream. */
public interface RequestView {
  /** The request's headers; {@code :authority} and {@code :path} decide most. */
  HeaderBlock headers();

  /**
   * Whether the client came over TLS as far as known: the connection's own, or what a trusted
   * {@code x-forwarded-proto} says.
   */
  boolean isTls();

  /** Whether the request is from inside (Envoy's {@code x-envoy-internal}). */
  boolean isInternal();

  /** The stream's random bits; the same at every call for one request. */
  long random();
}
