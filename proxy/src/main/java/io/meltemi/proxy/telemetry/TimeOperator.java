package io.meltemi.proxy.telemetry;

import io.meltemi.common.time.Ticker;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/**
 * {@code %START_TIME%}: when the stream began, in UTC. Formats are those of strftime with Envoy's
 * {@code %f} and {@code %1f} to {@code %9f} for fractions of a second and {@code %s} for the
 * seconds since 1970. Without a format it is ISO 8601 with milliseconds.
 */
final class TimeOperator implements FormatOperator {
  private static final String KNOWN = "YmdHMSTFsfZzebBajy%Rp";
  private static final DateTimeFormatter MONTH = DateTimeFormatter.ofPattern("MMM", Locale.ROOT);
  private static final DateTimeFormatter MONTH_LONG =
      DateTimeFormatter.ofPattern("MMMM", Locale.ROOT);
  private static final DateTimeFormatter DAY = DateTimeFormatter.ofPattern("EEE", Locale.ROOT);
  private final String format;
  private final Ticker ticker;

  TimeOperator(String format, Ticker ticker) throws FormatOperators.Unsupported {
    this.format = format.isEmpty() ? "%Y-%m-%dT%H:%M:%S.%3fZ" : format;
    this.ticker = ticker;
    for (int i = 0; i < this.format.length(); i++) {
      if (this.format.charAt(i) == '%') {
        i++;
        if (i + 1 < this.format.length()
            && Character.isDigit(this.format.charAt(i))
            && this.format.charAt(i + 1) == 'f') {
          i++;
        }
        if (i >= this.format.length() || KNOWN.indexOf(this.format.charAt(i)) < 0) {
          throw new FormatOperators.Unsupported("strftime specifiers out of " + KNOWN);
        }
      }
    }
  }

  @Override
  public boolean write(StreamInfo info, FormatOutput out) {
    if (info.startNanos == 0) {
      return false;
    }
    Instant now = ticker.now();
    long sinceStart = ticker.nanos() - info.startNanos;
    long nanos = Math.floorMod(now.getNano() - sinceStart, 1_000_000_000L);
    long seconds = now.getEpochSecond() + Math.floorDiv(now.getNano() - sinceStart, 1_000_000_000L);
    write(seconds, nanos, out);
    return true;
  }

  private void write(long seconds, long nanos, FormatOutput out) {
    // civil date from days, after Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"
    long day = Math.floorDiv(seconds, 86_400L);
    int ofDay = (int) Math.floorMod(seconds, 86_400L);
    long z = day + 719_468;
    long era = Math.floorDiv(z, 146_097L);
    long dayOfEra = z - era * 146_097;
    long yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
    long dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
    long shifted = (5 * dayOfYear + 2) / 153;
    long dayOfMonth = dayOfYear - (153 * shifted + 2) / 5 + 1;
    long month = shifted < 10 ? shifted + 3 : shifted - 9;
    long year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
    for (int i = 0; i < format.length(); i++) {
      char c = format.charAt(i);
      if (c != '%') {
        out.addByte(c);
        continue;
      }
      char specifier = format.charAt(++i);
      switch (specifier) {
        case 'Y' -> out.addPadded(year, 4);
        case 'y' -> out.addPadded(year % 100, 2);
        case 'm' -> out.addPadded(month, 2);
        case 'd' -> out.addPadded(dayOfMonth, 2);
        case 'e' -> {
          if (dayOfMonth < 10) {
            out.addByte(' ');
          }
          out.addNumber(dayOfMonth);
        }
        case 'H' -> out.addPadded(ofDay / 3600, 2);
        case 'M' -> out.addPadded(ofDay / 60 % 60, 2);
        case 'S' -> out.addPadded(ofDay % 60, 2);
        case 'p' -> out.add(ofDay < 43_200 ? "AM" : "PM");
        case 'R' -> clock(ofDay, false, out);
        case 'T' -> clock(ofDay, true, out);
        case 'F' -> {
          out.addPadded(year, 4);
          out.addByte('-');
          out.addPadded(month, 2);
          out.addByte('-');
          out.addPadded(dayOfMonth, 2);
        }
        case 's' -> out.addNumber(seconds);
        case 'f' -> out.addPadded(nanos, 9);
        case 'Z' -> out.add("UTC");
        case 'z' -> out.add("+0000");
        case 'j' -> out.addPadded(date(day).getDayOfYear(), 3);
        case 'b' -> out.add(MONTH.format(date(day)));
        case 'B' -> out.add(MONTH_LONG.format(date(day)));
        case 'a' -> out.add(DAY.format(date(day)));
        case '%' -> out.addByte('%');
        default -> {
          int digits = specifier - '0';
          out.addPadded(nanos / POWERS[9 - digits], digits);
          i++;
        }
      }
    }
  }

  private static final long[] POWERS = {
    1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000
  };

  private static void clock(int ofDay, boolean withSeconds, FormatOutput out) {
    out.addPadded(ofDay / 3600, 2);
    out.addByte(':');
    out.addPadded(ofDay / 60 % 60, 2);
    if (withSeconds) {
      out.addByte(':');
      out.addPadded(ofDay % 60, 2);
    }
  }

  private static LocalDate date(long day) {
    return LocalDate.ofEpochDay(day).atStartOfDay(ZoneOffset.UTC).toLocalDate();
  }
}
