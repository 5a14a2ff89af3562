package io.meltemi.embedded.console;

import java.io.PrintWriter;

/** Prints one line per event: a word that says what happened, then to whom. */
public final class Console {
  private static final String RESET = "\u001b[0m";

  /** What happened. */
  public enum Event {
    START("start", ""),
    READY("ready", "\u001b[32m"),
    CHANGE("change", "\u001b[36m"),
    MENDED("mended", "\u001b[32m"),
    STOP("stop", ""),
    NOTE("note", "\u001b[36m"),
    WARNING("warning", "\u001b[33m"),
    ERROR("error", "\u001b[31m");

    private final String word;
    private final String color;

    Event(String word, String color) {
      this.word = word;
      this.color = color;
    }
  }

  private final PrintWriter out;
  private final boolean colored;

  public Console(PrintWriter out, boolean colored) {
    this.out = out;
    this.colored = colored;
  }

  /** An event of somebody. */
  public void event(Event event, String who, String text) {
    line(event, "%-22s %s".formatted(who, text));
  }

  /** An event of nobody in particular. */
  public synchronized void line(Event event, String text) {
    String word = "%-8s".formatted(event.word);
    String painted = colored && !event.color.isEmpty() ? event.color + word + RESET : word;
    out.println((painted + " " + text).stripTrailing());
    out.flush();
  }

  /** A line as it is. */
  public synchronized void plain(String text) {
    out.println(text);
    out.flush();
  }
}
