// SPDX-License-Identifier: Apache-2.0
bool proven = faults_of_texts<whole>().empty();
