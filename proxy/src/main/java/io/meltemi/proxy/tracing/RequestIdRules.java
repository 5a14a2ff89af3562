package io.meltemi.proxy.tracing;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;

/**
 * What {@code x-request-id} says of tracing ({@code UuidRequestIdConfig}): its first eight digits
 * decide on sampling, and the digit of its version carries the decision on.
 *
 * @param packsReason whether the decision is read from the id and written to it
 * @param decides whether the id decides at all; where not, every request is traced as far as the
 *     tracer lets it
 */
public record RequestIdRules(boolean packsReason, boolean decides) {
  public static final RequestIdRules DEFAULT = new RequestIdRules(true, true);

  static final HeaderName X_REQUEST_ID = HeaderName.of("x-request-id");
  private static final int LENGTH = 36;
  private static final int REASON_AT = 14;
  private static final int NUMBER_DIGITS = 8;

  /** Why a request is traced. */
  enum Reason {
    NONE('4'),
    SAMPLED('9'),
    FORCED('a'),
    CLIENT('b');

    private final byte digit;

    Reason(char digit) {
      this.digit = (byte) digit;
    }
  }

  /** What the id decides on sampling with; negative when there is no such number. */
  static long number(HeaderBlock headers) {
    int index = headers.find(X_REQUEST_ID);
    if (index < 0 || headers.valueLength(index) < NUMBER_DIGITS) {
      return -1;
    }
    int start = headers.valueStart(index);
    return Ids.isHex(headers.array(), start, NUMBER_DIGITS)
        ? Ids.parse(headers.array(), start, NUMBER_DIGITS)
        : -1;
  }

  Reason reason(HeaderBlock headers) {
    int index = headers.find(X_REQUEST_ID);
    if (!packsReason || index < 0 || headers.valueLength(index) != LENGTH) {
      return Reason.NONE;
    }
    return switch (headers.array()[headers.valueStart(index) + REASON_AT]) {
      case '9' -> Reason.SAMPLED;
      case 'a' -> Reason.FORCED;
      case 'b' -> Reason.CLIENT;
      default -> Reason.NONE;
    };
  }

  /** Forgets what the id of somebody outside says. */
  public void clear(HeaderBlock headers) {
    pack(Reason.NONE, headers);
  }

  void pack(Reason reason, HeaderBlock headers) {
    int index = headers.find(X_REQUEST_ID);
    if (packsReason && index >= 0 && headers.valueLength(index) == LENGTH) {
      headers.array()[headers.valueStart(index) + REASON_AT] = reason.digit;
    }
  }
}
