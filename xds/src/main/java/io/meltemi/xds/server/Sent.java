package io.meltemi.xds.server;

import java.util.List;

/**
 * What went out for an update.
 *
 * @param response false when there was nothing to say
 * @param changed names whose content is new to the client
 * @param removed names the client was told to be gone
 * @param kept names that are gone, which the client was not told so far
 * @param bytes size of the resources in the response
 */
public record Sent(
    boolean response, List<String> changed, List<String> removed, List<String> kept, long bytes) {
  static final Sent NOTHING = new Sent(false, List.of(), List.of(), List.of(), 0);
}
