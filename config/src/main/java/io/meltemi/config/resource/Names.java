package io.meltemi.config.resource;

import java.util.regex.Pattern;

/**
 * The syntax of names, addresses and labels, as Kubernetes and Istio check it. Resolves nothing.
 */
public final class Names {
  private static final Pattern LABEL_VALUE =
      Pattern.compile("(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?");
  private static final Pattern WORD = Pattern.compile("[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?");

  private Names() {}

  /** Lower-case letters, digits and inner dashes, 1 to 63 characters (DNS-1123 label). */
  public static boolean isDnsLabel(String text) {
    if (text.isEmpty() || text.length() > 63) {
      return false;
    }
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
      if (!letter && (c != '-' || i == 0 || i == text.length() - 1)) {
        return false;
      }
    }
    return true;
  }

  /** Dot-separated DNS labels, 1 to 253 characters (DNS-1123 subdomain). */
  public static boolean isDnsSubdomain(String text) {
    if (text.isEmpty() || text.length() > 253) {
      return false;
    }
    for (String part : text.split("\\.", -1)) {
      if (!isDnsLabel(part)) {
        return false;
      }
    }
    return true;
  }

  /** A host name of any case, a trailing dot allowed; the last label not all digits. */
  public static boolean isFqdn(String text) {
    return isDomain(text, false);
  }

  /** A host name, {@code *}, or a name whose first label is {@code *}. */
  public static boolean isWildcardDomain(String text) {
    return isDomain(text, true);
  }

  private static boolean isDomain(String text, boolean wildcard) {
    if (text.isEmpty() || text.length() > 255) {
      return false;
    }
    if (wildcard && text.equals("*")) {
      return true;
    }
    String name = text.endsWith(".") ? text.substring(0, text.length() - 1) : text;
    String[] labels = name.split("\\.", -1);
    for (int i = 0; i < labels.length; i++) {
      boolean star = wildcard && i == 0 && labels[i].equals("*") && labels.length > 1;
      if (!star && !isLabelWord(labels[i])) {
        return false;
      }
    }
    return !isDigits(labels[labels.length - 1]);
  }

  private static boolean isDigits(String text) {
    return !text.isEmpty() && text.chars().allMatch(c -> c >= '0' && c <= '9');
  }

  /** Letters, digits and inner dashes, 1 to 63 characters (RFC 1123 in any case). */
  public static boolean isLabelWord(String text) {
    return text.length() <= 63 && WORD.matcher(text).matches();
  }

  /** An IPv4 or IPv6 literal, without brackets or zone. */
  public static boolean isIp(String text) {
    return isIpv4(text) || isIpv6(text);
  }

  /** Four decimal numbers up to 255, without leading zeros. */
  public static boolean isIpv4(String text) {
    int parts = 0;
    int position = 0;
    while (position <= text.length() && parts < 5) {
      int dot = text.indexOf('.', position);
      int end = dot < 0 ? text.length() : dot;
      int length = end - position;
      if (length < 1 || length > 3 || (length > 1 && text.charAt(position) == '0')) {
        return false;
      }
      int value = 0;
      for (int i = position; i < end; i++) {
        char c = text.charAt(i);
        if (c < '0' || c > '9') {
          return false;
        }
        value = value * 10 + c - '0';
      }
      if (value > 255) {
        return false;
      }
      parts++;
      position = end + 1;
    }
    return parts == 4 && position == text.length() + 1;
  }

  /** Groups of hexadecimal digits, one {@code ::}, an IPv4 tail allowed. */
  public static boolean isIpv6(String text) {
    if (text.indexOf(':') < 0 || text.length() > 45) {
      return false;
    }
    int elision = text.indexOf("::");
    if (elision >= 0 && text.indexOf("::", elision + 1) >= 0) {
      return false;
    }
    if (elision < 0) {
      return groups(text) == 8;
    }
    String before = text.substring(0, elision);
    String after = text.substring(elision + 2);
    int first = before.isEmpty() ? 0 : groups(before);
    int second = after.isEmpty() ? 0 : groups(after);
    return before.indexOf('.') < 0 && first >= 0 && second >= 0 && first + second < 8;
  }

  /** The number of groups, an IPv4 tail counting two; -1 when one is malformed. */
  private static int groups(String text) {
    String[] parts = text.split(":", -1);
    int count = 0;
    for (int i = 0; i < parts.length; i++) {
      if (i == parts.length - 1 && isIpv4(parts[i])) {
        return count + 2;
      }
      if (parts[i].isEmpty()
          || parts[i].length() > 4
          || !parts[i].chars().allMatch(c -> Character.digit(c, 16) >= 0 && c < 128)) {
        return -1;
      }
      count++;
    }
    return count;
  }

  /** An address, or an address with a prefix length. */
  public static boolean isIpOrCidr(String text) {
    int slash = text.indexOf('/');
    if (slash < 0) {
      return isIp(text);
    }
    String address = text.substring(0, slash);
    String length = text.substring(slash + 1);
    if (!isDigits(length)
        || length.length() > 3
        || (length.length() > 1 && length.startsWith("0"))) {
      return false;
    }
    int bits = Integer.parseInt(length);
    return (isIpv4(address) && bits <= 32) || (isIpv6(address) && bits <= 128);
  }

  /** {@code prefix/name} or {@code name} of a label. */
  public static boolean isLabelKey(String text) {
    int slash = text.indexOf('/');
    if (slash >= 0 && !isDnsSubdomain(text.substring(0, slash))) {
      return false;
    }
    String name = text.substring(slash + 1);
    return !name.isEmpty() && isLabelValue(name);
  }

  /** Up to 63 letters, digits and inner {@code -_.}; may be empty. */
  public static boolean isLabelValue(String text) {
    return text.length() <= 63 && LABEL_VALUE.matcher(text).matches();
  }
}
