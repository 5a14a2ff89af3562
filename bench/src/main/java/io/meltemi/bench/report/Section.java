package io.meltemi.bench.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** One part of a page that several programs write, each its own. */
public final class Section {
  private Section() {}

  /**
   * Writes a part in place of what it was; the rest of the page stays.
   *
   * @param name stands in the comments around the part; a page without them is only this part
   */
  public static void write(Path page, String name, String text) throws IOException {
    Files.writeString(page, replaced(Files.exists(page) ? Files.readString(page) : "", name, text));
  }

  static String replaced(String page, String name, String text) {
    String begin = "<!-- begin " + name + " -->\n";
    String end = "<!-- end " + name + " -->\n";
    String part = begin + text.strip() + "\n" + end;
    int from = page.indexOf(begin);
    int to = page.indexOf(end);
    if (from >= 0 && to > from) {
      return page.substring(0, from) + part + page.substring(to + end.length());
    }
    String others = page.contains("<!-- begin ") ? page.strip() + "\n\n" : "";
    return others + part;
  }
}
