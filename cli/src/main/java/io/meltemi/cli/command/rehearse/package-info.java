/**
 * Makes what lets {@code meltemi proxy} start fast and stay small: one jar of what a proxy needs,
 * and a cache of its loaded classes and method profiles. Run by the launcher after a build; main
 * thread.
 */
@NullMarked
package io.meltemi.cli.command.rehearse;

import org.jspecify.annotations.NullMarked;
