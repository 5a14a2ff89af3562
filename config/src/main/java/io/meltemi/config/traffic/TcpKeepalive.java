package io.meltemi.config.traffic;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Socket keep-alive; what is unset is the operating system's.
 *
 * @param probes unanswered probes until the connection counts as dead
 * @param time idle time before the first probe
 */
public record TcpKeepalive(
    OptionalLong probes, Optional<Duration> time, Optional<Duration> interval) {}
