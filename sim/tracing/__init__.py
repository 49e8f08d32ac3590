"""From a campaign that is played to its trace: requests part by part, their links, and the books around them."""
