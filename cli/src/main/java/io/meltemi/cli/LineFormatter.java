package io.meltemi.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.logging.Formatter;
import java.util.logging.LogRecord;

/**
 * Time, level, text and stack trace: what {@code SimpleFormatter} makes of {@link #PATTERN},
 * without the patterns and locales that a process had to load for its first line. Any thread.
 */
public final class LineFormatter extends Formatter {
  static final String PATTERN = "%1$tFT%1$tT.%1$tL%1$tz %4$-7s %5$s%6$s%n";

  private static final int LEVEL_CHARS = 7;

  @Override
  public String format(LogRecord entry) {
    StringBuilder line = new StringBuilder(128);
    time(line, entry.getInstant().atZone(ZoneId.systemDefault()));
    line.append(' ').append(entry.getLevel().getName());
    for (int i = entry.getLevel().getName().length(); i < LEVEL_CHARS; i++) {
      line.append(' ');
    }
    line.append(' ').append(formatMessage(entry));
    if (entry.getThrown() != null) {
      StringWriter trace = new StringWriter();
      entry.getThrown().printStackTrace(new PrintWriter(trace));
      line.append(System.lineSeparator()).append(trace);
    }
    return line.append(System.lineSeparator()).toString();
  }

  private static void time(StringBuilder line, ZonedDateTime time) {
    number(line, time.getYear(), 4).append('-');
    number(line, time.getMonthValue(), 2).append('-');
    number(line, time.getDayOfMonth(), 2).append('T');
    number(line, time.getHour(), 2).append(':');
    number(line, time.getMinute(), 2).append(':');
    number(line, time.getSecond(), 2).append('.');
    number(line, time.getNano() / 1_000_000, 3);
    int minutes = time.getOffset().getTotalSeconds() / 60;
    line.append(minutes < 0 ? '-' : '+');
    number(line, Math.abs(minutes) / 60, 2);
    number(line, Math.abs(minutes) % 60, 2);
  }

  private static StringBuilder number(StringBuilder line, int number, int digits) {
    for (int power = (int) Math.pow(10, digits - 1); power > 1 && number < power; power /= 10) {
      line.append('0');
    }
    return line.append(number);
  }
}
