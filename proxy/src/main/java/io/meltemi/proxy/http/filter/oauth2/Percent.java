package io.meltemi.proxy.http.filter.oauth2;

import java.nio.charset.StandardCharsets;

/** Percent-encoding (RFC 3986) as Envoy does it. */
final class Percent {
  private static final String UNRESERVED = "-_.~";
  private static final String OF_FORMS = ":/=&?+";

  private Percent() {}

  /** Everything but what is never encoded. */
  static String ofQuery(String text) {
    StringBuilder out = new StringBuilder();
    for (byte b : text.getBytes(StandardCharsets.ISO_8859_1)) {
      char c = (char) (b & 0xFF);
      boolean plain =
          (c >= 'a' && c <= 'z')
              || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9')
              || UNRESERVED.indexOf(c) >= 0;
      add(out, c, plain);
    }
    return out.toString();
  }

  /** What means something in a form. */
  static String ofForm(String text) {
    return of(text, OF_FORMS);
  }

  /** Only what is not visible. */
  static String ofText(String text) {
    return of(text, "");
  }

  private static String of(String text, String reserved) {
    StringBuilder out = new StringBuilder();
    for (byte b : text.getBytes(StandardCharsets.ISO_8859_1)) {
      char c = (char) (b & 0xFF);
      add(out, c, c > ' ' && c < '~' && c != '%' && reserved.indexOf(c) < 0);
    }
    return out.toString();
  }

  private static void add(StringBuilder out, char c, boolean plain) {
    if (plain) {
      out.append(c);
    } else {
      out.append("%%%02X".formatted((int) c));
    }
  }
}
