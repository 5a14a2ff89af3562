package io.meltemi.proxy.route;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;

/** A request made of words: authority, path and headers as {@code name: value}. */
final class FakeRequest implements RequestView {
  private final HeaderBlock headers = new HeaderBlock();
  boolean tls;
  boolean internal;
  long random;

  FakeRequest(String authority, String path, String... fields) {
    headers.add(HeaderName.METHOD, "GET");
    headers.add(HeaderName.AUTHORITY, authority);
    headers.add(HeaderName.PATH, path);
    for (String field : fields) {
      int colon = field.indexOf(": ");
      headers.add(HeaderName.of(field.substring(0, colon)), field.substring(colon + 2));
    }
  }

  @Override
  public HeaderBlock headers() {
    return headers;
  }

  @Override
  public boolean isTls() {
    return tls;
  }

  @Override
  public boolean isInternal() {
    return internal;
  }

  @Override
  public long random() {
    return random;
  }
}
